import { useEffect, useId, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import { Page } from "../components/page";
import { Loading, Problem } from "../components/states";
import { toast } from "../components/toasts";
import { ownPath } from "../lib/location";
import { asError } from "../lib/resource";
import { session, signIn } from "../lib/session";

// The token of a sign-in link: in the fragment, which reaches neither a server nor its log. It leaves
// the address at once, and with it the browser's history.
function takeToken(): string {
  const token = new URLSearchParams(window.location.hash.slice(1)).get("token") ?? "";
  if (window.location.hash) {
    history.replaceState(history.state, "", window.location.pathname + window.location.search);
  }
  return token;
}

export function SignInPage() {
  const [, navigate] = useLocation();
  const [token, setToken] = useState(takeToken);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const id = useId();
  const submit = async () => {
    const text = token.trim();
    if (!text || busy) return;
    setBusy(true);
    setError(null);
    try {
      const who = await signIn(text);
      setToken("");
      toast(`You are signed in as ${who.name} (${who.role}).`);
      navigate(ownPath(new URLSearchParams(window.location.search).get("next")), { replace: true });
    } catch (problem) {
      setError(asError(problem));
      setBusy(false);
    }
  };
  // The token of the link, once.
  useEffect(() => {
    void submit();
  }, []);
  const who = session.value;
  return (
    <Page title="Sign in" lead="An operator's token allows to change things, a viewer's to read.">
      {error && <Problem error={error} />}
      {who?.name && (
        <p class="notice good">
          <span>
            You are signed in as {who.name} ({who.role}). <Link href="/">To the overview</Link>
          </span>
        </p>
      )}
      {busy && <Loading what="your session" />}
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <div class="field">
          <label for={id}>Token</label>
          <input
            id={id}
            type="password"
            autocomplete="current-password"
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </div>
        <div class="row">
          <button class="button primary" type="submit">
            Sign in
          </button>
        </div>
      </form>
      {who && !who.authentication && (
        <p class="notice warn">
          <strong>This relay knows no tokens yet</strong>
          <span>
            Make one with <code>outboxctl token new --name NAME --role operator</code>, name its
            file in <code>http.tokens_file</code>, and sign in with it here.
          </span>
        </p>
      )}
    </Page>
  );
}
