// Runs the sections that are named, with one account for all, and counts.
//
// Started by `run`: main.mjs PROGRAM CLOUD AZURITE DIRECTORY SECTION...

import { checkCuts } from "./cuts.mjs";
import { checkDelivery } from "./delivery.mjs";
import { checkLimits } from "./limits.mjs";
import { Site } from "./site.mjs";

const SECTIONS = { cuts: checkCuts, delivery: checkDelivery, limits: checkLimits };

class Results {
  passed = 0;
  failed = 0;

  /** `test` gives true, or anything else to be shown. */
  async check(claim, test) {
    let outcome;
    try {
      outcome = await test();
    } catch (error) {
      outcome = error;
    }
    if (outcome === true) {
      this.passed += 1;
      console.log(`ok      ${claim}`);
    } else {
      this.failed += 1;
      const shown = outcome instanceof Error ? outcome.stack : JSON.stringify(outcome);
      console.log(`FAILED  ${claim}: ${shown}`);
    }
  }
}

const [program, cloud, azurite, directory, ...sections] = process.argv.slice(2);
const unknown = sections.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) {
  console.error(`no section: ${unknown.join(", ")}; there are ${Object.keys(SECTIONS).join(", ")}`);
  process.exit(64);
}
const results = new Results();
const site = await new Site(program, directory).start(cloud, azurite);
try {
  for (const name of sections) {
    await results.check(`${name}: the section came to its end`, async () => {
      await SECTIONS[name](site, results);
      return true;
    });
  }
} finally {
  site.stop();
}
console.log(`${results.passed} passed, ${results.failed} failed`);
process.exitCode = results.failed === 0 && results.passed > 0 ? 0 : 1;
