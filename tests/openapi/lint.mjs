// node lint.mjs OPENAPI.yaml: Redocly's linter by redocly.yaml, without its command-line program, which is five times as large.
import { formatProblems, getTotals, lint, loadConfig } from "@redocly/openapi-core";

const config = await loadConfig({ configPath: "redocly.yaml" });
const problems = await lint({ ref: process.argv[2], config });
const totals = getTotals(problems);
formatProblems(problems, { format: "stylish", totals, version: "" });
if (problems.length > 0) process.exitCode = 1;
