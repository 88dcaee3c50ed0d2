// The overview, live: by the server's event stream, and by asking every two seconds while the stream
// gives nothing. What it needs from the browser is handed in, so that it runs in tests.

export type LiveState = "connecting" | "streaming" | "polling" | "failing";

export interface EventStream {
  onOverview: (data: string) => void;
  // `closed`: the browser does not try again by itself, as after a 503.
  onError: (closed: boolean) => void;
  close(): void;
}

export interface LiveSurroundings<T> {
  openStream(): EventStream;
  poll(): Promise<T>;
  parse(data: string): T;
  now(): number;
  every(ms: number, tick: () => void): () => void; // returns what stops it
}

export interface LiveListener<T> {
  value(value: T): void;
  state(state: LiveState, problem: unknown): void;
}

export const POLL_MS = 2000;
const SILENT_MS = 5000; // the stream sends an overview each second
const REOPEN_MS = 30_000;

export class LiveSource<T> {
  private stream: EventStream | null = null;
  private stopTicking: (() => void) | null = null;
  private heardAt = Number.NEGATIVE_INFINITY;
  private openedAt = Number.NEGATIVE_INFINITY;
  private polling = false;
  private round = 0; // answers that come after stop() belong to an earlier one

  constructor(
    private readonly around: LiveSurroundings<T>,
    private readonly listener: LiveListener<T>,
  ) {}

  start(): void {
    if (this.stopTicking) return;
    this.round += 1;
    this.listener.state("connecting", null);
    this.open();
    this.poll(); // the stream's first event may be a second away
    this.stopTicking = this.around.every(POLL_MS, () => this.tick());
  }

  stop(): void {
    this.round += 1;
    this.polling = false;
    this.stopTicking?.();
    this.stopTicking = null;
    this.closeStream();
    this.heardAt = Number.NEGATIVE_INFINITY;
  }

  private open(): void {
    this.openedAt = this.around.now();
    const stream = this.around.openStream();
    this.stream = stream;
    stream.onOverview = (data) => {
      if (stream !== this.stream) return;
      this.heardAt = this.around.now();
      this.listener.value(this.around.parse(data));
      this.listener.state("streaming", null);
    };
    stream.onError = (closed) => {
      if (stream !== this.stream) return;
      this.heardAt = Number.NEGATIVE_INFINITY;
      if (closed) this.closeStream();
      this.poll();
    };
  }

  private closeStream(): void {
    this.stream?.close();
    this.stream = null;
  }

  private tick(): void {
    const now = this.around.now();
    if (!this.stream && now - this.openedAt >= REOPEN_MS) this.open();
    if (now - this.heardAt >= SILENT_MS) this.poll();
  }

  private poll(): void {
    if (this.polling) return;
    this.polling = true;
    const round = this.round;
    this.around.poll().then(
      (value) => {
        if (round !== this.round) return;
        this.polling = false;
        this.listener.value(value);
        if (this.around.now() - this.heardAt >= SILENT_MS) this.listener.state("polling", null);
      },
      (problem) => {
        if (round !== this.round) return;
        this.polling = false;
        this.listener.state("failing", problem);
      },
    );
  }
}
