// How a relay's lease stands.
import type { Relay } from "../api_types";
import { duration } from "./format";

type Lease = Pick<Relay, "leaseSeconds" | "lastRenewalSeconds">;

// Each tenth of a lease it is renewed, and each second somebody looks.
const LOOKS_SECONDS = 2.5;

export const isOverdue = ({ leaseSeconds, lastRenewalSeconds }: Lease): boolean =>
  (lastRenewalSeconds ?? 0) > Math.max(leaseSeconds / 2, LOOKS_SECONDS);

export function leaseWords({ leaseSeconds, lastRenewalSeconds }: Lease): string {
  const renewed =
    lastRenewalSeconds === null
      ? "renewal not seen yet"
      : `renewed ${lastRenewalSeconds < 10 ? `${lastRenewalSeconds.toFixed(1)} s` : duration(lastRenewalSeconds * 1000)} ago`;
  return `${renewed} · lease ${duration(leaseSeconds * 1000)}`;
}
