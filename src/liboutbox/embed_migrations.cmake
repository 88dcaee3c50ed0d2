# cmake -DDIRECTORY=… -DNAMES=0001_a,0002_b -DOUTPUT=….cpp -P embed_migrations.cmake
# Writes a source file that holds the SQL of the named migrations.
set(scripts "")
string(REPLACE "," ";" NAMES "${NAMES}")
foreach(name IN LISTS NAMES)
  file(READ "${DIRECTORY}/${name}.up.sql" up)
  file(READ "${DIRECTORY}/${name}.down.sql" down)
  string(APPEND scripts "    {\"${name}\",\n     R\"sql(${up})sql\",\n     R\"sql(${down})sql\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"liboutbox/migration_script.hpp\"

namespace outbox {
namespace {

constexpr MigrationScript kScripts[] = {
${scripts}};

}  // namespace

std::span<const MigrationScript> embedded_migrations() { return kScripts; }

}  // namespace outbox
")
