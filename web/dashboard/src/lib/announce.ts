// What a list came to, for those who hear the page. One region says it, which is always there: one that
// comes with its text is often not read.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

export const announced = signal("");

// Said when it changes, and once for each answer that `of` names.
export function useAnnounced(text: string | null, of: string): void {
  useEffect(() => {
    // The same words again are heard only where the text differs.
    if (text) announced.value = announced.value === text ? `${text}\u00a0` : text;
  }, [text, of]);
}
