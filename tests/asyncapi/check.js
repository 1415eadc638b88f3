// Prints, as JSON, the version of the AsyncAPI document that comes in, and what is wrong with it.
const { readFileSync } = require("node:fs");
const { DiagnosticSeverity, Parser } = require("@asyncapi/parser");

async function check(text) {
  const { document, diagnostics } = await new Parser().parse(text);
  const faults = diagnostics
    .filter(({ severity }) => severity <= DiagnosticSeverity.Warning)
    .map(({ path, message }) => `${path.join(".")}: ${message}`);
  console.log(JSON.stringify({ version: document?.version() ?? null, faults }));
}

check(readFileSync(0, "utf8"));
