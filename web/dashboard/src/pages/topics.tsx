import { Link } from "wouter-preact";
import { api, type Topic } from "../api";
import { Badge } from "../components/bits";
import { Page } from "../components/page";
import { PauseAction } from "../components/pause";
import { Empty, Loaded } from "../components/states";
import { DataTable } from "../components/table";
import { count, rate } from "../lib/format";
import { useResource } from "../lib/resource";

const REFRESH_MS = 2000;

export function TopicsPage() {
  const topics = useResource("topics", (signal) => api.topics(signal), REFRESH_MS);
  return (
    <Page title="Topics" lead="Where messages go, how fast, and what is paused.">
      <Loaded resource={topics} what="topics">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No topic yet">
              A topic is listed once a message has been sent to it.
            </Empty>
          ) : (
            <DataTable
              caption="Topics that this relay has sent to, or that are paused"
              rows={items}
              rowKey={(topic) => topic.topic}
              columns={[
                {
                  name: "topic",
                  header: "Topic",
                  class: "wrap",
                  sort: (t) => t.topic,
                  cell: (t) => (
                    <Link href={`/messages?${new URLSearchParams({ topic: t.topic })}`}>
                      {t.topic}
                    </Link>
                  ),
                },
                { name: "state", header: "State", cell: (t) => <State topic={t} /> },
                {
                  name: "rate",
                  header: "Rate",
                  end: true,
                  sort: (t) => t.publishedPerSecond,
                  cell: (t) => rate(t.publishedPerSecond),
                },
                {
                  name: "sent",
                  header: "Sent",
                  end: true,
                  sort: (t) => t.published,
                  cell: (t) => count(t.published),
                },
                {
                  name: "failures",
                  header: "Failures",
                  end: true,
                  sort: (t) => t.failures,
                  cell: (t) => count(t.failures),
                },
                {
                  name: "act",
                  header: "Act",
                  cell: (t) => <PauseTopic topic={t} done={topics.reload} />,
                },
              ]}
            />
          )
        }
      </Loaded>
    </Page>
  );
}

function State({ topic }: { topic: Topic }) {
  return (
    <span class="row">
      {topic.paused && <Badge status="paused" text="Paused by an operator" />}
      {topic.pausedBySink && (
        <>
          <Badge status="warning" text="Held up" /> <span class="small">{topic.pausedBySink}</span>
        </>
      )}
      {!topic.paused && !topic.pausedBySink && <Badge status="processed" text="Open" />}
    </span>
  );
}

function PauseTopic({ topic, done }: { topic: Topic; done: () => void }) {
  return (
    <PauseAction
      what="the topic"
      name={topic.topic}
      paused={topic.paused}
      resume={<p>What waits for this topic is sent, each key in its order.</p>}
      explain={
        <ul>
          <li>Nothing more is sent to this topic until someone resumes it; other topics go on.</li>
          <li>Its messages wait without counting attempts; nothing is lost.</li>
          <li>Later messages of the same keys wait too, so that each key keeps its order.</li>
        </ul>
      }
      send={(action) => api.topicAction(topic.topic, action)}
      done={done}
    />
  );
}
