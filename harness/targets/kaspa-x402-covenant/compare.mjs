// Puts the known answers of batch settlement to the package and prints where it differs:
//   node compare.mjs HOME                     all of them
//   node compare.mjs HOME OPERATION NAME      one, with the question and both answers
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const [home, operation, name] = process.argv.slice(2);
const here = new URL(".", import.meta.url).pathname;
const folder = new URL("../../../vectors/kaspa-x402/batch/", import.meta.url).pathname;

const vectors = readdirSync(folder)
  .sort()
  .map((file) => JSON.parse(readFileSync(folder + file, "utf8")))
  .flatMap((document) => document.cases.map((one) => ({ operation: document.operation, ...one })))
  .filter((one) => operation === undefined || (one.operation === operation && one.name === name));

const questions = vectors.map((one, id) => JSON.stringify({ id, op: one.operation, ...one.in }));
const { stdout, stderr, status } = spawnSync(process.execPath, [`${here}adapter.mjs`, home], {
  input: questions.join("\n") + "\n",
  encoding: "utf8",
  maxBuffer: 1 << 28,
  timeout: 120000,
});
if (status !== 0) {
  process.stderr.write(stderr);
  process.exit(1);
}
const answers = new Map(stdout.trim().split("\n").map((line) => JSON.parse(line)).map((a) => [a.id, a]));

// Why the answer is not the known one; "" where it is, or where the package does not know the question.
function difference(known, answer) {
  if (answer === undefined) return "it gives no answer";
  if ("unsupported" in answer) return "";
  if (!("ok" in known)) return "ok" in answer ? `it accepts: ${known.about ?? "the input is none"}` : "";
  if (!("ok" in answer)) return `it refuses: ${answer.refused.reason}`;
  const member = Object.keys(known.ok).find(
    (m) => m in answer.ok && JSON.stringify(answer.ok[m]) !== JSON.stringify(known.ok[m]),
  );
  return member === undefined ? "" : `its ${member} is ${answer.ok[member]}`;
}

if (operation !== undefined)
  for (const [id, one] of vectors.entries())
    console.log(JSON.stringify({ known: one, answer: answers.get(id) }, null, 2));

let asked = 0;
let different = 0;
for (const [id, one] of vectors.entries()) {
  const answer = answers.get(id);
  if (answer !== undefined && "unsupported" in answer) continue;
  asked++;
  const why = difference(one, answer);
  if (why === "") continue;
  different++;
  console.log(`${one.operation} "${one.name}": ${why}`);
  console.log(`    node harness/targets/kaspa-x402-covenant/compare.mjs ${home} ${one.operation} "${one.name}"`);
}
console.log(`${asked - different} of ${asked} answers agree`);
console.log(`    (${vectors.length - asked} questions are not its)`);
