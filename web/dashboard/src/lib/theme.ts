// Light, dark, or as the system has it. The style sheet does the rest by color-scheme.
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const STORED = "outbox-theme";

function stored(): Theme {
  try {
    const value = localStorage.getItem(STORED);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

export const theme = signal<Theme>(stored());
// Counts changes of what colours mean, for what is drawn on a canvas.
export const paletteRound = signal(0);

export function applyTheme(next: Theme): void {
  theme.value = next;
  if (next === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", next);
  try {
    localStorage.setItem(STORED, next);
  } catch {
    // It holds until the page is loaded again.
  }
  paletteRound.value += 1;
}

export function startTheme(): void {
  applyTheme(theme.value);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    paletteRound.value += 1;
  });
}

// What a custom property's colour is now, as a canvas needs it.
export function colorOf(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}
