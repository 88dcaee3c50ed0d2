import { Link, Route, Switch } from "wouter-preact";
import { Page } from "./components/page";
import { Shell } from "./components/shell";
import { AggregatePage } from "./pages/aggregate";
import { AggregatesPage } from "./pages/aggregates";
import { AuditPage } from "./pages/audit";
import { ConfigPage } from "./pages/config";
import { DeadLettersPage } from "./pages/dead_letters";
import { MessagePage } from "./pages/message";
import { MessagesPage } from "./pages/messages";
import { OverviewPage } from "./pages/overview";
import { ShardsPage } from "./pages/shards";
import { SignInPage } from "./pages/sign_in";
import { TopicsPage } from "./pages/topics";
import { TracePage } from "./pages/trace";

export function App() {
  return (
    <Shell>
      <Switch>
        <Route path="/" component={OverviewPage} />
        <Route path="/messages" component={MessagesPage} />
        <Route path="/messages/:name" component={MessagePage} />
        <Route path="/trace/:name" component={TracePage} />
        <Route path="/dead-letters" component={DeadLettersPage} />
        <Route path="/topics" component={TopicsPage} />
        <Route path="/aggregates" component={AggregatesPage} />
        <Route path="/aggregates/:type/:id" component={AggregatePage} />
        <Route path="/shards" component={ShardsPage} />
        <Route path="/config" component={ConfigPage} />
        <Route path="/audit" component={AuditPage} />
        <Route path="/sign-in" component={SignInPage} />
        <Route>
          <Page title="No such page">
            <p>
              There is nothing at this address. <Link href="/">To the overview</Link>
            </p>
          </Page>
        </Route>
      </Switch>
    </Shell>
  );
}
