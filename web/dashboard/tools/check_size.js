// The whole script of the page stays below 60 kB gzipped, and the page within its own policy.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT = 60_000;
const folder = process.argv[2];
const assets = join(folder, "assets");
let total = 0;
for (const name of readdirSync(assets)) {
  const size = gzipSync(readFileSync(join(assets, name)), { level: 9 }).length;
  if (name.endsWith(".js")) total += size;
  process.stdout.write(`    ${name}: ${size} B gzipped\n`);
}
const page = readFileSync(join(folder, "index.html"), "utf8");
const inline = /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|data:/.exec(page);
if (inline)
  throw new Error(`index.html has something inline, which its policy forbids: ${inline[0]}`);
if (total > LIMIT)
  throw new Error(`${total} B of gzipped script, more than ${LIMIT}: leave something out`);
process.stdout.write(`    ${total} B of gzipped script in all, of ${LIMIT} allowed\n`);
