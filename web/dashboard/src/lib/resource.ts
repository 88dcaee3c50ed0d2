// What a page loads: kept while it is asked for again, aborted when the question changes.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api";
import { readers } from "./session";

export interface Resource<T> {
  data: T | null;
  error: Error | null;
  loading: boolean; // nothing to show yet
  of: string; // the question and the page that `data` answers
  reload(): void;
}

interface Held<T> {
  key: string;
  of: string;
  data: T | null;
  error: Error | null;
}

// `question` tells one from another; `everyMs` asks it again, while the page is seen.
// What one page has is shown until the next one, of the same question, is there.
export function useResource<T>(
  question: string,
  load: (signal: AbortSignal) => Promise<T>,
  everyMs = 0,
  page = "",
): Resource<T> {
  const key = `${readers.value} ${question}`;
  const of = `${key} ${page}`;
  const [held, setHeld] = useState<Held<T>>({ key, of, data: null, error: null });
  const [round, setRound] = useState(0);
  const loader = useRef(load);
  loader.current = load;

  // A new round asks again.
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      if (everyMs > 0 && !abort.signal.aborted) timer = setTimeout(ask, everyMs);
    };
    const ask = () => {
      if (document.hidden && everyMs > 0) return again();
      loader.current(abort.signal).then(
        (data) => {
          if (abort.signal.aborted) return;
          setHeld({ key, of, data, error: null });
          again();
        },
        (error) => {
          if (abort.signal.aborted) return;
          setHeld((old) => ({
            key,
            of: old.of,
            data: old.key === key ? old.data : null,
            error: asError(error),
          }));
          again();
        },
      );
    };
    ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [of, everyMs, round]);

  const mine = held.key === key;
  return {
    data: mine ? held.data : null,
    error: mine ? held.error : null,
    loading: !mine || (held.data === null && held.error === null),
    of: held.of,
    reload: () => setRound((old) => old + 1),
  };
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new ApiError(0, "Something went wrong", String(error));
}
