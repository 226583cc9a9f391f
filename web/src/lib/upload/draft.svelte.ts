import { preferences } from '$lib/preferences.svelte';
import { session } from '$lib/session.svelte';
import { PLAIN } from './filters';
import { UNCUT } from './geometry';
import { images } from './images';
import { type DraftRecord, dropDraft, dropFiles, keepDraft, keepFile, readDraft, readFile } from './kept';
import { type Choice, choose } from './limits';
import { moved } from './order';
import type { Edit, Opened } from './render';

export const UNEDITED: Readonly<Edit> = { cut: UNCUT, look: PLAIN };

/** Changes are kept after this time without another (ms). */
const SETTLE = 300;

/** A picture of the draft. */
export class Picture {
  alt = $state('');
  edit: Edit = $state.raw(UNEDITED);
  /** What the screen shows of it, once it is decoded. */
  opened: Opened | undefined = $state.raw();
  /** Whether this browser cannot show it. It is uploaded as it is. */
  blind = $state(false);
  /** Whether one that it cannot show still tells more than its picture when it is uploaded, as where it was taken. */
  telling = $state(false);

  constructor(
    readonly id: string,
    readonly name: string,
  ) {}

  async open(file: Blob): Promise<void> {
    try {
      this.opened = await images.open(file);
    } catch {
      this.telling = preferences.originals || !(await images.isCleanable(file));
      this.blind = true;
    }
  }

  close(): void {
    this.opened?.bitmap.close();
    this.opened = undefined;
  }
}

/** The photo that is being made. There is one at a time, and it is kept at each step. */
class Draft {
  pictures: Picture[] = $state.raw([]);
  /** The place of the picture that is worked on. */
  chosen = $state(0);
  step: DraftRecord['step'] = $state('edit');
  caption = $state('');
  location = $state('');
  tags: string[] = $state.raw([]);
  /** Whether what was kept has been read. */
  read = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading: Promise<void> | undefined;

  get picture(): Picture | undefined {
    return this.pictures[this.chosen];
  }

  /** Reads the draft that was kept, once. */
  restore(): Promise<void> {
    this.#reading ??= this.#restore();
    return this.#reading;
  }

  async #restore(): Promise<void> {
    const record = await readDraft();
    if (record && record.owner === session.me?.user_id && this.pictures.length === 0) await this.#take(record);
    this.read = true;
  }

  async #take(record: DraftRecord): Promise<void> {
    this.step = record.step;
    this.caption = record.caption;
    this.location = record.location;
    this.tags = record.tags;
    this.chosen = 0;
    const files = await Promise.all(record.pictures.map(({ id }) => readFile('file', id)));
    // A picture whose file is gone cannot be shared.
    const whole = record.pictures.filter((_, index) => files[index]);
    this.pictures = whole.map((kept) => {
      const picture = new Picture(kept.id, kept.name);
      picture.alt = kept.alt;
      picture.edit = kept.edit;
      return picture;
    });
    if (this.pictures.length === 0) this.step = 'edit';
    for (const picture of this.pictures) {
      const file = files[record.pictures.findIndex(({ id }) => id === picture.id)];
      if (file) void picture.open(file);
    }
  }

  /** Adds files, and returns which were refused and why. */
  async add(files: File[]): Promise<Choice<File>['refused']> {
    await this.restore();
    const { taken, refused } = choose(files, this.pictures.length);
    const added = taken.map((file) => ({ file, picture: new Picture(crypto.randomUUID(), file.name) }));
    if (added.length > 0) {
      this.chosen = this.pictures.length;
      this.pictures = [...this.pictures, ...added.map(({ picture }) => picture)];
      this.step = 'edit';
      for (const { file, picture } of added) void picture.open(file);
      await Promise.all(added.map(({ file, picture }) => keepFile('file', picture.id, file)));
      // At once: whoever gave them may hold them no longer.
      await this.keep();
    }
    return refused;
  }

  remove(index: number): void {
    const picture = this.pictures[index];
    if (!picture) return;
    this.pictures = this.pictures.filter((other) => other !== picture);
    if (this.chosen > index || this.chosen >= this.pictures.length) this.chosen = Math.max(0, this.chosen - 1);
    if (this.pictures.length === 0) this.step = 'edit';
    picture.close();
    void dropFiles([picture.id]);
    this.changed();
  }

  /** Moves a picture to another place. The chosen one stays chosen. */
  move(from: number, to: number): void {
    const chosen = this.picture;
    this.pictures = moved(this.pictures, from, to);
    this.chosen = Math.max(0, this.pictures.indexOf(chosen as Picture));
    this.changed();
  }

  /** Keeps the draft soon. */
  changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.keep(), SETTLE);
  }

  /** Keeps the draft now. */
  async keep(): Promise<void> {
    clearTimeout(this.#timer);
    if (!session.me) return;
    if (this.pictures.length === 0) await dropDraft();
    else await keepDraft(this.record(session.me.user_id));
  }

  record(owner: string): DraftRecord {
    const { step, caption, location, tags } = this;
    const pictures = this.pictures.map(({ id, name, alt, edit }) => ({ id, name, alt, edit }));
    return { owner, step, caption, location, tags: [...tags], pictures };
  }

  /** Throws the draft away, with its files. */
  async discard(): Promise<void> {
    const ids = this.pictures.map(({ id }) => id);
    await this.empty();
    await dropFiles(ids);
  }

  /** Begins anew. The files stay: a job has taken them. */
  async empty(): Promise<void> {
    clearTimeout(this.#timer);
    for (const picture of this.pictures) picture.close();
    this.pictures = [];
    this.chosen = 0;
    this.step = 'edit';
    this.caption = '';
    this.location = '';
    this.tags = [];
    await dropDraft();
  }

  /** Takes what came back from a failed upload. */
  async fill(record: DraftRecord): Promise<void> {
    await this.restore();
    await this.#take(record);
    await this.keep();
  }
}

export const draft = new Draft();

session.onEnd(() => void draft.empty());
