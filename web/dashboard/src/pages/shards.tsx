import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { api, type Relay, type Shard, type Shards } from "../api";
import { Action } from "../components/action";
import { Ago, Badge, Time } from "../components/bits";
import { Card, Page } from "../components/page";
import { PauseAction } from "../components/pause";
import { Empty, Loaded } from "../components/states";
import { DataTable } from "../components/table";
import { UNKNOWN } from "../lib/format";
import { isOverdue, leaseWords } from "../lib/lease";
import { useResource } from "../lib/resource";

const REFRESH_MS = 2000;
const TONES = ["accent", "calm", "good", "warn"] as const;

export function ShardsPage() {
  const shards = useResource("shards", (signal) => api.shards(signal), REFRESH_MS);
  return (
    <Page
      title="Shards"
      lead="Keys are divided among 64 shards, and shards among the relays. Each shard has one effective owner at a time."
    >
      <Loaded resource={shards} what="shards">
        {(data) => (
          <>
            <ShardMap shards={data} />
            <div class="columns">
              <Relays relays={data.relays} />
              <Facts shards={data} />
            </div>
            <ShardTable shards={data} reload={shards.reload} />
            <Moves shards={data} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function toneOf(relays: readonly Relay[], owner: string | null): string {
  const at = relays.findIndex((relay) => relay.name === owner);
  return at < 0 ? "" : (TONES[at % TONES.length] ?? "");
}

function ShardMap({ shards }: { shards: Shards }) {
  const owned = shards.shards.filter((shard) => shard.owner !== null).length;
  const paused = shards.shards.filter((shard) => shard.paused).length;
  return (
    <Card title="Who has which">
      <div
        class="shards"
        role="img"
        aria-label={`${owned} of ${shards.shards.length} shards have an owner, ${paused} are paused; the table below has each`}
      >
        {shards.shards.map((shard) => (
          <span
            key={shard.shard}
            class={`${toneOf(shards.relays, shard.owner)} ${shard.owner ? "" : "unowned"} ${shard.paused ? "paused" : ""}`}
            title={`${shard.shard}: ${shard.owner ?? "nobody"}${shard.paused ? ", paused" : ""}`}
          >
            {shard.shard}
          </span>
        ))}
      </div>
    </Card>
  );
}

function Relays({ relays }: { relays: readonly Relay[] }) {
  return (
    <Card title="Relays">
      {relays.length === 0 ? (
        <Empty title="No relay has joined" />
      ) : (
        <DataTable
          caption="Relays that share this outbox"
          sortName="sort-relays"
          rows={relays}
          rowKey={(relay) => relay.name}
          columns={[
            {
              name: "name",
              header: "Relay",
              class: "wrap",
              cell: (relay) => (
                <span class="row">
                  {relay.name} {relay.self && <Badge status="processed" text="This one" />}
                </span>
              ),
            },
            {
              name: "shards",
              header: "Shards",
              end: true,
              sort: (r) => r.shards,
              cell: (relay) => relay.shards,
            },
            {
              name: "lease",
              header: "Lease",
              class: "wrap",
              cell: (relay) => (
                <span class="row">
                  {leaseWords(relay)}{" "}
                  {isOverdue(relay) && <Badge status="warning" text="Overdue" />}
                </span>
              ),
            },
            { name: "joined", header: "Joined", cell: (relay) => <Ago at={relay.joinedAt} /> },
          ]}
        />
      )}
    </Card>
  );
}

function Facts({ shards }: { shards: Shards }) {
  return (
    <Card title="Source">
      <dl class="facts">
        <dt>Read from</dt>
        <dd>{shards.mode === "wal" ? "the write-ahead log" : "the table"}</dd>
        {shards.slot && (
          <>
            <dt>Slot</dt>
            <dd class="mono">{shards.slot}</dd>
          </>
        )}
        <dt>Revision</dt>
        <dd class="mono">{shards.revision ?? UNKNOWN}</dd>
      </dl>
    </Card>
  );
}

function ShardTable({ shards, reload }: { shards: Shards; reload: () => void }) {
  return (
    <DataTable
      caption="Shards, their owners and positions"
      rows={shards.shards}
      rowKey={(shard) => String(shard.shard)}
      columns={[
        { name: "shard", header: "Shard", end: true, sort: (s) => s.shard, cell: (s) => s.shard },
        {
          name: "owner",
          header: "Owner",
          class: "wrap",
          sort: (s) => s.owner,
          cell: (s) => (
            <span class="row">
              {s.owner ?? <span class="muted">nobody</span>}
              {s.paused && <Badge status="paused" />}
              {s.preferred && s.preferred !== s.owner && (
                <span class="small muted">moves to {s.preferred}</span>
              )}
            </span>
          ),
        },
        { name: "epoch", header: "Epoch", end: true, cell: (s) => s.epoch ?? UNKNOWN },
        {
          name: "seq",
          header: "Position",
          end: true,
          class: "mono",
          cell: (s) => s.lastSeq ?? UNKNOWN,
        },
        {
          name: "written",
          header: "Written",
          sort: (s) => s.positionWrittenAt,
          cell: (s) => <Ago at={s.positionWrittenAt} />,
        },
        {
          name: "act",
          header: "Act",
          cell: (s) => <ShardActions shard={s} shards={shards} reload={reload} />,
        },
      ]}
    />
  );
}

interface ShardProps {
  shard: Shard;
  shards: Shards;
  reload: () => void;
}

// Where the log is read, one relay reads it for all shards.
const concerned = (shard: Shard, { mode }: Shards) =>
  mode === "wal" ? "all 64 shards" : `shard ${shard.shard}`;

function ShardActions({ shard, shards, reload }: ShardProps) {
  const what = concerned(shard, shards);
  const named = (verb: string) => (
    <>
      {verb} <span class="hidden-visually">shard {shard.shard}</span>
    </>
  );
  return (
    <span class="row">
      {(shards.mode !== "wal" || shard.paused) && (
        <PauseAction
          what="the shard"
          name={`shard ${shard.shard}`}
          paused={shard.paused}
          resume={<p>Its messages are sent from where it stopped, each key in its order.</p>}
          explain={
            <p>
              About one key in 64 is not delivered until someone resumes it. Its messages wait in
              the outbox; nothing is lost. Other shards go on.
            </p>
          }
          send={(action) => api.shardAction(shard.shard, action)}
          done={reload}
        />
      )}
      <MoveAction shard={shard} shards={shards} reload={reload} />
      {shard.owner && (
        <Action
          label={named("Release")}
          compact
          title={`Release ${what}?`}
          explain={() => (
            <p>
              {shard.owner} gives up {what} after what is under way, and any relay may take over,
              also the same one. Use it when an owner seems stuck. Fencing by epoch keeps the old
              owner from marking anything.
            </p>
          )}
          confirmLabel={() => `Release ${what}`}
          run={async () => {
            await api.shardAction(shard.shard, "release");
            return `Released: ${what}.`;
          }}
          done={reload}
        />
      )}
    </span>
  );
}

function MoveAction({ shard, shards, reload }: ShardProps) {
  const id = useId();
  const what = concerned(shard, shards);
  const others = shards.relays.filter((relay) => relay.name !== shard.owner);
  const chosen = useSignal("");
  const target = () =>
    (others.find((relay) => relay.name === chosen.value) ?? others[0])?.name ?? "";
  if (others.length === 0) return null;
  return (
    <Action
      label={
        <>
          Move <span class="hidden-visually">shard {shard.shard}</span>
        </>
      }
      compact
      title={`Move ${what}?`}
      explain={() => (
        <p>
          {shard.owner ?? "Nobody"} hands over {what} after what is under way; the other relay goes
          on from the same position. Messages wait for a moment meanwhile, and keep their order.
        </p>
      )}
      fields={() => (
        <div class="field">
          <label for={id}>To the relay</label>
          <select
            id={id}
            value={target()}
            onChange={(event) => {
              chosen.value = event.currentTarget.value;
            }}
          >
            {others.map((relay) => (
              <option key={relay.name} value={relay.name}>
                {relay.name}
              </option>
            ))}
          </select>
        </div>
      )}
      confirmLabel={() => `Move ${what} to ${target()}`}
      run={async () => {
        await api.moveShard(shard.shard, target());
        return `Moving to ${target()}: ${what}.`;
      }}
      done={reload}
    />
  );
}

function Moves({ shards }: { shards: Shards }) {
  if (shards.moves.length === 0) {
    return (
      <Empty title="No shard has moved yet">The history begins with the first hand-over.</Empty>
    );
  }
  return (
    <DataTable
      caption="History of moves, the newest first"
      sortName="sort-moves"
      rows={shards.moves}
      rowKey={(move) => `${move.at} ${move.shard} ${move.epoch}`}
      columns={[
        { name: "at", header: "When", cell: (move) => <Time at={move.at} /> },
        {
          name: "shard",
          header: "Shard",
          end: true,
          sort: (m) => m.shard,
          cell: (move) => move.shard,
        },
        { name: "from", header: "From", class: "wrap", cell: (move) => move.from ?? UNKNOWN },
        { name: "to", header: "To", class: "wrap", cell: (move) => move.to ?? UNKNOWN },
        { name: "reason", header: "Why", class: "wrap", cell: (move) => move.reason },
        { name: "epoch", header: "Epoch", end: true, cell: (move) => move.epoch ?? UNKNOWN },
      ]}
    />
  );
}
