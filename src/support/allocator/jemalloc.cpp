// A third of the relay's work is allocation: a record with its headers takes eight allocations of
// librdkafka, made by one thread and freed by another. glibc's threads wait for each other there;
// jemalloc's do not (docs/performance.md). It reads its settings from this variable; the
// environment's MALLOC_CONF goes before. An arena for each thread would keep the memory of its
// busiest moment, and the ten seconds for which jemalloc usually keeps what was freed, 8 MB.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:1,dirty_decay_ms:500";
}
