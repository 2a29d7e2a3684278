// Saving by itself: one request at a time, each based on the revision before it. What somebody else wrote
// meanwhile is never written over: the server refuses, and the page asks.
import { ask } from '../segment-builder/dom.js';

export class Saving {
  constructor({ url, revision, draft, on, wait = 900 }) {
    Object.assign(this, { url, revision, draft, on, wait });
    this.stored = JSON.stringify(draft());
    this.timer = 0;
    this.running = null;
    this.stopped = false;
  }

  get dirty() { return JSON.stringify(this.draft()) !== this.stored; }

  touch() {
    if (this.stopped || !this.dirty) return;
    this.on('waiting');
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), this.wait);
  }

  /** Store now what is not stored yet. Says whether all is stored. */
  async flush() {
    clearTimeout(this.timer);
    if (this.running) await this.running;
    if (this.stopped) return false;
    if (!this.dirty) return true;
    this.running = this.send();
    const done = await this.running;
    this.running = null;
    return done;
  }

  async send() {
    const written = JSON.stringify(this.draft());
    this.on('saving');
    let answer = null;
    try {
      answer = await ask(this.url, { draft: JSON.parse(written), revision: this.revision });
    } catch {
      answer = null;
    }
    if (answer?.ok) {
      this.revision = answer.body.revision;
      this.stored = written;
      this.on(this.dirty ? 'waiting' : 'saved');
      if (this.dirty) this.touch();
      return !this.dirty;
    }
    if (answer?.status === 409) {
      this.stopped = true;
      this.theirs = answer.body?.revision;
      this.on('conflict', answer.body?.message);
      return false;
    }
    this.on('lost', answer?.body?.message);
    this.timer = setTimeout(() => this.flush(), 5000);
    return false;
  }

  /** Write over what somebody else wrote: the person at the page decided so. */
  insist() {
    this.stopped = false;
    this.revision = this.theirs ?? this.revision;
    this.stored = '';
    return this.flush();
  }

  /** What is on the page was stored otherwise: as a version. */
  settle(revision) {
    this.revision = revision;
    this.stored = JSON.stringify(this.draft());
    this.on('saved');
  }
}
