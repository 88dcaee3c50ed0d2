# cmake -DMIGRATIONS=a.sql,b.sql -DOPENAPI=openapi.json -DOUTPUT=….cpp -P embed.cmake
# Writes a source file that holds the files' text.
string(REPLACE "," ";" MIGRATIONS "${MIGRATIONS}")
set(scripts "")
foreach(file IN LISTS MIGRATIONS)
  file(READ "${file}" sql)
  string(APPEND scripts "    R\"sql(${sql})sql\",\n")
endforeach()
file(READ "${OPENAPI}" openapi)
file(WRITE "${OUTPUT}" "#include \"order-service/embedded.hpp\"

namespace outbox::orders {
namespace {

constexpr std::string_view kMigrations[] = {
${scripts}};

}  // namespace

std::span<const std::string_view> embedded_migrations() { return kMigrations; }

std::string_view embedded_openapi() { return R\"json(${openapi})json\"; }

}  // namespace outbox::orders
")
