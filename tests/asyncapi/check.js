// Prints, as JSON, the version of the AsyncAPI document that comes in, and what is wrong with it.
import { readFileSync } from 'node:fs';
import { DiagnosticSeverity, Parser } from '@asyncapi/parser';

const { document, diagnostics } = await new Parser().parse(readFileSync(0, 'utf8'));
const faults = diagnostics
  .filter(({ severity }) => severity <= DiagnosticSeverity.Warning)
  .map(({ path, message }) => `${path.join('.')}: ${message}`);
console.log(JSON.stringify({ version: document?.version() ?? null, faults }));
