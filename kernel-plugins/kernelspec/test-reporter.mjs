import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * A Vitest reporter that leaves what the test run came to in the file MSTLAB_TEST_RESULTS:
 * `{ passed, failed, skipped: [{ title, reason }], failures: [title], files }`. A file that could not be loaded, or a
 * process that died, counts as a failure even though none of its tests ran.
 */
export default class ResultsReporter {
  onInit(vitest) {
    this.root = vitest.config.root;
  }

  onTestRunEnd(modules, errors, reason) {
    const results = { passed: 0, failed: 0, skipped: [], failures: [], files: modules.length, interrupted: false };
    const fail = (title) => {
      results.failed += 1;
      results.failures.push(title);
    };
    for (const module of modules) {
      const file = relative(this.root, module.moduleId);
      if (module.state() === 'failed' && module.errors().length > 0) fail(`${file}: ${module.errors()[0].message}`);
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) fail(`${file} > ${suite.fullName}: ${suite.errors()[0].message}`);
      }
      for (const test of module.children.allTests()) {
        const result = test.result();
        const title = `${file} > ${test.fullName}`;
        if (result.state === 'passed') results.passed += 1;
        else if (result.state === 'skipped') results.skipped.push({ title, reason: result.note ?? null });
        else fail(title);
      }
    }
    for (const error of errors) fail(`outside a test: ${error.message ?? error}`);
    results.interrupted = reason === 'interrupted';
    writeFileSync(process.env.MSTLAB_TEST_RESULTS, JSON.stringify(results));
  }
}
