// A shop on Express as its authors document it: @x402/express gates the routes, a facilitator judges
// and settles, and the protected work of every priced route is one request to an origin, which
// counts.
//
// PORT (0: any), FACILITATOR_URL, ORIGIN_URL. It prints "Server listening at URL" once it listens.
import { once } from "node:events";
import { request } from "node:http";
import { pipeline } from "node:stream/promises";

import { HTTPFacilitatorClient } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { paymentMiddleware, x402ResourceServer } from "@x402/express";
import {
  declarePaymentIdentifierExtension,
  PAYMENT_IDENTIFIER,
  paymentIdentifierResourceServerExtension,
} from "@x402/extensions/payment-identifier";
import express from "express";

const FACILITATOR_MS = 2000; // it waits for one answer of the facilitator
const { FACILITATOR_URL, ORIGIN_URL } = process.env;
if (!FACILITATOR_URL || !ORIGIN_URL) {
  console.error("FACILITATOR_URL and ORIGIN_URL must say who settles and who does the work");
  process.exit(2);
}

// ---- what is sold ----

const PAYEE = "0x1111111111111111111111111111111111111111";
const TOKENS = [
  {
    network: "eip155:84532",
    asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
    extra: { name: "USDC", version: "2" },
  },
  {
    network: "eip155:43113",
    asset: "0x5425890298aed601595a70AB815c96711a31Bc65",
    extra: { name: "USD Coin", version: "2" },
  },
];

// Whoever pays has to identify the payment.
const extensions = { [PAYMENT_IDENTIFIER]: declarePaymentIdentifierExtension(true) };

// A priced route offers the same amount of each token.
function priced(amount, description = "what the origin has to say") {
  const accepts = TOKENS.map(({ network, asset, extra }) => ({
    scheme: "exact",
    network,
    payTo: PAYEE,
    price: { asset, amount, extra },
    maxTimeoutSeconds: 60,
  }));
  return { accepts, description, mimeType: "text/plain", extensions };
}

const PRICES = {
  "GET /report": priced("1000"),
  "GET /other": priced("1000"),
  "GET /dear": priced("2500"),
  "GET /files/*": priced("1000"),
  "GET /stream": priced("1000"),
  "GET /text": priced("1000", "Überblick, 概要, обзор, 📄"),
  "GET /notes": priced("1000"),
  "POST /notes": priced("1000"),
  "POST /order": priced("1000"),
};

// ---- the work ----

// What the origin makes of a request, as it comes.
function asked(req) {
  const { hostname, port } = new URL(ORIGIN_URL);
  const type = req.get("content-type");
  const headers = type ? { "content-type": type } : {};
  const onward = request({ hostname, port, method: req.method, path: req.originalUrl, headers });
  const answer = once(onward, "response").then(([response]) => response);
  onward.end(Buffer.isBuffer(req.body) ? req.body : undefined);
  return answer;
}

async function work(req, res) {
  const answer = await asked(req);
  const body = Buffer.concat(await answer.toArray());
  for (const name of ["content-type", "cache-control"]) {
    if (answer.headers[name]) res.set(name, answer.headers[name]);
  }
  res.status(answer.statusCode).send(body);
}

// Sends its head and a first part before there is anything to be had.
async function stream(req, res) {
  res.type("text/plain").flushHeaders();
  res.write(`the beginning of ${req.originalUrl}\n`);
  await pipeline(await asked(req), res);
}

// ---- the server ----

const facilitator = new HTTPFacilitatorClient({ url: FACILITATOR_URL, timeoutMs: FACILITATOR_MS });
const shop = new x402ResourceServer(facilitator)
  .register("eip155:*", new ExactEvmScheme())
  .registerExtension(paymentIdentifierResourceServerExtension);

const app = express();
app.get("/health", (req, res) => res.send("free\n"));
app.use(express.raw({ type: () => true }));
app.use(paymentMiddleware(PRICES, shop));
app.get(["/report", "/other", "/dear", "/files/*path", "/text", "/notes"], work);
app.get("/stream", stream);
app.post(["/notes", "/order"], work);

const listener = app.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  console.log(`Server listening at http://127.0.0.1:${listener.address().port}`);
});
process.once("SIGTERM", () => process.exit(0));
