import { z } from 'zod';
import { defineMagic, type Magic } from '../../host';
import { showAs } from './shown';

export const gpuMagic = (): Magic =>
  defineMagic({
    name: 'gpu',
    kind: 'line',
    summary:
      'Says what this notebook computes on and why: GPUs with memory and who holds it, else processor and memory.',
    options: z.strictObject({}),
    returns: "import('mstlab/experiments').DeviceReport",
    examples: ['%gpu'],
    async run(call) {
      const { deviceReport, deviceText } = await import('../../../src/experiments/index.js');
      const report = deviceReport();
      const kept = showAs(report, { 'text/plain': deviceText(report) });
      call.standsFor(
        "import { deviceReport, deviceText } from 'mstlab/experiments';\nconsole.log(deviceText(deviceReport()));",
      );
      return kept;
    },
  });
