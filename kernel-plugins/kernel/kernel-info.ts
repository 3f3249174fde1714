/** The content of `kernel_info_reply`. The language's version is that of the TypeScript in tslab 1.0.22. */
export const kernelInfo = {
  status: 'ok',
  protocol_version: '5.3',
  implementation: 'mstlab',
  implementation_version: '0.1.0',
  language_info: {
    name: 'typescript',
    version: '5.0.4',
    mimetype: 'text/typescript',
    file_extension: '.ts',
    codemirror_mode: 'typescript',
    pygments_lexer: 'typescript',
    nbconvert_exporter: 'script',
  },
  banner: 'mstlab: TypeScript for Monitor Sensitive Training. `signal` aborts when the running cell is interrupted.',
  help_links: [],
};
