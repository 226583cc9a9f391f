// Decodes and renders pictures beside the page, which stays free for the person.
import { anonymous, type Edit, open, render } from '../upload/render';

export type Task =
  | { id: number; kind: 'open'; file: Blob }
  | { id: number; kind: 'look'; file: Blob }
  | { id: number; kind: 'render'; file: Blob; edit: Edit; keep: boolean };

export type Done = { id: number; result: unknown } | { id: number; failed: string };

const scope = self as unknown as {
  onmessage: (event: MessageEvent<Task>) => void;
  postMessage: (message: Done, transfer?: Transferable[]) => void;
};

/** One after the other: each may take much memory. */
let last: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  last = last.then(() => run(data));
};

async function run(task: Task): Promise<void> {
  const { id } = task;
  try {
    if (task.kind === 'render') {
      scope.postMessage({ id, result: await render(task.file, task.edit, task.keep) });
      return;
    }
    if (task.kind === 'look') {
      scope.postMessage({ id, result: (await anonymous(task.file)) !== undefined });
      return;
    }
    const opened = await open(task.file);
    scope.postMessage({ id, result: opened }, [opened.bitmap]);
  } catch (error) {
    scope.postMessage({ id, failed: String(error) });
  }
}
