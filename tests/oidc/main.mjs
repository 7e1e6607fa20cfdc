// Runs the sections that are named, each with an authority of its own, and counts.
//
// Started by `run`: main.mjs PROGRAM DIRECTORY SECTION...

import { checkAdfs, checkCertificate } from "./certificate.mjs";
import { checkDevice } from "./device.mjs";

const SECTIONS = { adfs: checkAdfs, certificate: checkCertificate, device: checkDevice };

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

const [program, directory, ...sections] = process.argv.slice(2);
const unknown = sections.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) {
  console.error(`no section: ${unknown.join(", ")}; there are ${Object.keys(SECTIONS).join(", ")}`);
  process.exit(64);
}
const results = new Results();
for (const name of sections) {
  await results.check(`${name}: the section came to its end`, async () => {
    await SECTIONS[name](program, directory, results);
    return true;
  });
}
console.log(`${results.passed} passed, ${results.failed} failed`);
process.exit(results.failed === 0 && results.passed > 0 ? 0 : 1);
