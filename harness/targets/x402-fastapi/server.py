"""A shop on FastAPI as the authors of x402 document it: their middleware gates the routes, a
facilitator judges and settles, and the protected work of every priced route is one request to an
origin, which counts.

PORT (0: any), FACILITATOR_URL, ORIGIN_URL. It prints "Server listening at URL" once it listens.
"""

import os
import socket
import sys

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from x402 import x402ResourceServer
from x402.extensions.payment_identifier import (
    PAYMENT_IDENTIFIER,
    declare_payment_identifier_extension,
    payment_identifier_resource_server_extension,
)
from x402.http import FacilitatorConfig, HTTPFacilitatorClient, PaymentOption, RouteConfig
from x402.http.middleware.fastapi import payment_middleware
from x402.mechanisms.evm.exact import ExactEvmServerScheme
from x402.schemas import AssetAmount

FACILITATOR_SECONDS = 2  # it waits for one answer of the facilitator

facilitator_url = os.environ.get("FACILITATOR_URL")
origin_url = os.environ.get("ORIGIN_URL")
if not facilitator_url or not origin_url:
    sys.exit("FACILITATOR_URL and ORIGIN_URL must say who settles and who does the work")

# ---- what is sold ----

PAYEE = "0x1111111111111111111111111111111111111111"
TOKENS = [
    (
        "eip155:84532",
        "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
        {"name": "USDC", "version": "2"},
    ),
    (
        "eip155:43113",
        "0x5425890298aed601595a70AB815c96711a31Bc65",
        {"name": "USD Coin", "version": "2"},
    ),
]


# Whoever pays has to identify the payment.
EXTENSIONS = {PAYMENT_IDENTIFIER: declare_payment_identifier_extension(required=True)}


def priced(amount: str, description: str = "what the origin has to say") -> RouteConfig:
    """A priced route offers the same amount of each token."""
    return RouteConfig(
        accepts=[
            PaymentOption(
                scheme="exact",
                pay_to=PAYEE,
                price=AssetAmount(amount=amount, asset=asset, extra=extra),
                network=network,
                max_timeout_seconds=60,
            )
            for network, asset, extra in TOKENS
        ],
        description=description,
        mime_type="text/plain",
        extensions=EXTENSIONS,
    )


PRICES = {
    "GET /report": priced("1000"),
    "GET /other": priced("1000"),
    "GET /dear": priced("2500"),
    "GET /files/*": priced("1000"),
    "GET /stream": priced("1000"),
    "GET /text": priced("1000", "Überblick, 概要, обзор, 📄"),
    "GET /notes": priced("1000"),
    "POST /notes": priced("1000"),
    "POST /order": priced("1000"),
}

facilitator = HTTPFacilitatorClient(
    FacilitatorConfig(url=facilitator_url, timeout=FACILITATOR_SECONDS)
)
shop = x402ResourceServer(facilitator)
shop.register("eip155:*", ExactEvmServerScheme())
shop.register_extension(payment_identifier_resource_server_extension)

app = FastAPI()
app.middleware("http")(payment_middleware(PRICES, shop))

# ---- the work ----

origin = httpx.AsyncClient(timeout=10)


async def asked(request: Request) -> httpx.Response:
    """What the origin makes of a request, as it comes."""
    query = request.scope["query_string"]
    target = request.scope["raw_path"] + (b"?" + query if query else b"")
    kind = request.headers.get("content-type")
    onward = origin.build_request(
        request.method,
        origin_url,
        content=await request.body(),
        headers={"content-type": kind} if kind else {},
        extensions={"target": target},
    )
    return await origin.send(onward, stream=True)


@app.get("/report")
@app.get("/other")
@app.get("/dear")
@app.get("/files/{path:path}")
@app.get("/text")
@app.get("/notes")
@app.post("/notes")
@app.post("/order")
async def work(request: Request) -> Response:
    try:
        answer = await asked(request)
        body = await answer.aread()
    except httpx.HTTPError:
        return Response("the origin does not answer\n", 502, media_type="text/plain")
    passed_on = ("content-type", "cache-control")
    headers = {name: answer.headers[name] for name in passed_on if name in answer.headers}
    return Response(body, answer.status_code, headers)


@app.get("/stream")
async def stream(request: Request) -> Response:
    """Sends its head and a first part before there is anything to be had."""
    await request.body()  # which nobody can read once the head is sent

    async def parts():
        yield f"the beginning of {request.url.path}\n".encode()
        answer = await asked(request)
        async for part in answer.aiter_bytes():
            yield part

    return StreamingResponse(parts(), media_type="text/plain")


@app.get("/health")
async def health() -> Response:
    return Response("free\n", media_type="text/plain")


# ---- the server ----

if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "0"))))
    print(f"Server listening at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
