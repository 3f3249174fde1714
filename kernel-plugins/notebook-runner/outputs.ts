import type { Message } from '../kernel/protocol';
import type { NotebookCell, Output } from './notebook-file';

type Displayed = Extract<Output, { output_type: 'display_data' }>;

/** Collects a notebook's outputs from a kernel's messages: joins streams, applies updates by display id, honours clear. */
export class OutputCollector {
  private readonly byDisplayId = new Map<string, Displayed[]>();
  private clearBeforeNext = new WeakSet<NotebookCell>();

  apply(cell: NotebookCell, message: Message): void {
    const { content } = message;
    switch (message.header.msg_type) {
      case 'stream': {
        const outputs = this.outputsOf(cell);
        const last = outputs[outputs.length - 1];
        if (last?.output_type === 'stream' && last.name === content.name) last.text += content.text;
        else outputs.push({ output_type: 'stream', name: content.name, text: content.text });
        return;
      }
      case 'display_data': {
        const output: Displayed = { output_type: 'display_data', data: content.data, metadata: content.metadata ?? {} };
        const id = content.transient?.display_id;
        if (id) this.byDisplayId.set(id, [...(this.byDisplayId.get(id) ?? []), output]);
        this.outputsOf(cell).push(output);
        return;
      }
      case 'update_display_data':
        for (const output of this.byDisplayId.get(content.transient?.display_id) ?? []) {
          output.data = content.data;
          output.metadata = content.metadata ?? {};
        }
        return;
      case 'execute_result':
        this.outputsOf(cell).push({
          output_type: 'execute_result',
          data: content.data,
          metadata: content.metadata ?? {},
          execution_count: content.execution_count,
        });
        return;
      case 'error':
        this.outputsOf(cell).push({
          output_type: 'error',
          ename: content.ename,
          evalue: content.evalue,
          traceback: content.traceback,
        });
        return;
      case 'clear_output':
        if (content.wait) this.clearBeforeNext.add(cell);
        else cell.outputs.length = 0;
    }
  }

  private outputsOf(cell: NotebookCell): Output[] {
    if (this.clearBeforeNext.delete(cell)) cell.outputs.length = 0;
    return cell.outputs;
  }
}
