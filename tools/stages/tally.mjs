// What a stage found: how many checks passed, which failed and with what words, which were skipped and why. The names of the
// failed ones are said again at the very end of `npm test`, where somebody who sees only the end of a log looks.

export class Tally {
  passed = 0;
  /** One line each: what failed, and its first words. */
  failures = [];
  /** One line each: what was skipped, and the reason. */
  skipped = [];

  /** Counts a check; one that failed is printed at once with all of `details`. */
  check(name, isRight, details = '') {
    if (isRight) {
      this.passed++;
      return;
    }
    this.fail(name, details);
    console.error(`FAILED  ${name}${details === '' ? '' : `\n${details}`}`);
  }

  /** Counts a failure that has been printed elsewhere. */
  fail(name, details = '') {
    const [first = ''] = details.trim().split('\n');
    this.failures.push(first === '' ? name : `${name}: ${first.slice(0, 300)}`);
  }

  /** A whole stage that cannot be here, with its reason. */
  static skipped(reason) {
    const tally = new Tally();
    tally.skipped.push(reason);
    return tally;
  }
}
