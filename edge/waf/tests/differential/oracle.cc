// Answers what libmodsecurity itself does, for the differential tests.
//
// Reads one request a line on standard input and writes one answer a line:
//   T <transformation> <hex>    -> <hex>
//   S <hex>                     -> - | <fingerprint>
//   X <hex>                     -> 0 | 1
//   C <hex>                     -> the cookies of that header
//   R <hex method> <hex target> <hex body> [<hex name>:<hex value>]...
//                               -> the ids of the rules that matched
//   Q ...                       -> the same, each with its data in hexadecimal
//   B <hex type> <hex body>     -> the variables of a request with that body
// The library exports these symbols; only their declarations are missing from
// its installed headers.
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <modsecurity/actions/action.h>
#include <modsecurity/modsecurity.h>
#include <modsecurity/rule_message.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

extern "C" {
int libinjection_sqli(const char *s, size_t slen, char fingerprint[]);
int libinjection_xss(const char *s, size_t slen);
}

namespace modsecurity {
namespace actions {
namespace transformations {
class Transformation : public Action {
 public:
  static Transformation *instantiate(std::string name);
};
}  // namespace transformations
}  // namespace actions
}  // namespace modsecurity

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

static std::string unhex(const std::string &h) {
  std::string out;
  if (h == "-") return out;
  for (size_t i = 0; i + 1 < h.size(); i += 2)
    out.push_back(static_cast<char>(digit(h[i]) * 16 + digit(h[i + 1])));
  return out;
}

static std::string hex(const std::string &s) {
  static const char digits[] = "0123456789abcdef";
  if (s.empty()) return "-";
  std::string out;
  for (unsigned char c : s) {
    out.push_back(digits[c >> 4]);
    out.push_back(digits[c & 15]);
  }
  return out;
}

static void set(std::ostream &out, const char *name,
                modsecurity::AnchoredSetVariable &v) {
  std::vector<const modsecurity::VariableValue *> l;
  v.resolve(&l);
  for (auto *i : l) {
    out << ' ' << name << '=' << hex(i->getKey()) << ':' << hex(i->getValue());
    delete i;
  }
}

static void one(std::ostream &out, const char *name,
                modsecurity::AnchoredVariable &v) {
  auto value = v.evaluate();
  out << ' ' << name << '=' << (value ? hex(*value) : "-");
}

static void xml(std::ostream &out, modsecurity::Transaction &t);

static std::string cookies(modsecurity::ModSecurity &m, modsecurity::RulesSet &r,
                           const std::string &header) {
  modsecurity::Transaction t(&m, &r, nullptr);
  t.processConnection("127.0.0.1", 1, "127.0.0.1", 2);
  t.processURI("/", "GET", "1.1");
  t.addRequestHeader("Cookie", header);
  std::ostringstream out;
  out << "V";
  set(out, "COOKIES", t.m_variableRequestCookies);
  return out.str();
}

static std::string request(modsecurity::ModSecurity &m, modsecurity::RulesSet &r,
                           std::istream &in, bool data) {
  std::string method, target, bytes, header;
  in >> method >> target >> bytes;
  modsecurity::Transaction t(&m, &r, nullptr);
  t.processConnection("127.0.0.1", 33333, "127.0.0.1", 80);
  t.processURI(unhex(target).c_str(), unhex(method).c_str(), "1.1");
  while (in >> header) {
    size_t colon = header.find(':');
    t.addRequestHeader(unhex(header.substr(0, colon)), unhex(header.substr(colon + 1)));
  }
  t.processRequestHeaders();
  std::string body = unhex(bytes);
  if (!body.empty())
    t.appendRequestBody(reinterpret_cast<const unsigned char *>(body.data()), body.size());
  t.processRequestBody();
  t.addResponseHeader("Content-Type", "text/html");
  t.processResponseHeaders(200, "HTTP/1.1");
  t.processResponseBody();
  t.processLogging();
  std::ostringstream out;
  out << "I";
  for (auto &message : t.m_rulesMessages) {
    out << ' ' << message.m_ruleId;
    if (data) out << ':' << hex(message.m_data);
  }
  return out.str();
}

static std::string body(modsecurity::ModSecurity &m, modsecurity::RulesSet &r,
                        const std::string &type, const std::string &bytes) {
  modsecurity::Transaction t(&m, &r, nullptr);
  t.processConnection("127.0.0.1", 1, "127.0.0.1", 2);
  t.processURI("/", "POST", "1.1");
  t.addRequestHeader("Content-Type", type);
  t.addRequestHeader("Content-Length", std::to_string(bytes.size()));
  t.processRequestHeaders();
  t.appendRequestBody(reinterpret_cast<const unsigned char *>(bytes.data()),
                      bytes.size());
  t.processRequestBody();
  std::ostringstream out;
  out << "V";
  set(out, "ARGS", t.m_variableArgs);
  set(out, "ARGS_POST", t.m_variableArgsPost);
  set(out, "FILES", t.m_variableFiles);
  set(out, "FILES_NAMES", t.m_variableFilesNames);
  set(out, "FILES_SIZES", t.m_variableFilesSizes);
  set(out, "FILES_TMP_CONTENT", t.m_variableFilesTmpContent);
  set(out, "MULTIPART_NAME", t.m_variableMultipartName);
  set(out, "MULTIPART_FILENAME", t.m_variableMultipartFileName);
  set(out, "MULTIPART_PART_HEADERS", t.m_variableMultipartPartHeaders);
  one(out, "FILES_COMBINED_SIZE", t.m_variableFilesCombinedSize);
  one(out, "REQBODY_ERROR", t.m_variableReqbodyError);
  one(out, "REQBODY_PROCESSOR", t.m_variableReqbodyProcessor);
  one(out, "BOUNDARY_QUOTED", t.m_variableMultipartBoundaryQuoted);
  one(out, "BOUNDARY_WHITESPACE", t.m_variableMultipartBoundaryWhiteSpace);
  one(out, "CRLF_LF_LINES", t.m_variableMultipartCrlfLFLines);
  one(out, "DATA_AFTER", t.m_variableMultipartDataAfter);
  one(out, "DATA_BEFORE", t.m_variableMultipartDataBefore);
  one(out, "FILE_LIMIT_EXCEEDED", t.m_variableMultipartFileLimitExceeded);
  one(out, "HEADER_FOLDING", t.m_variableMultipartHeaderFolding);
  one(out, "INVALID_HEADER_FOLDING", t.m_variableMultipartInvalidHeaderFolding);
  one(out, "INVALID_PART", t.m_variableMultipartInvalidPart);
  one(out, "INVALID_QUOTING", t.m_variableMultipartInvalidQuoting);
  one(out, "LF_LINE", t.m_variableMultipartLFLine);
  one(out, "MISSING_SEMICOLON", t.m_variableMultipartMissingSemicolon);
  one(out, "STRICT_ERROR", t.m_variableMultipartStrictError);
  one(out, "UNMATCHED_BOUNDARY", t.m_variableMultipartUnmatchedBoundary);
  one(out, "URLENCODED_ERROR", t.m_variableUrlEncodedError);
  one(out, "MESSAGE", t.m_variableReqbodyErrorMsg);
  xml(out, t);
  return out.str();
}

static void xml(std::ostream &out, modsecurity::Transaction &t) {
  // Rules of the loaded file say with `logdata` what `XML:` selects: it has no
  // variable in the transaction.
  for (auto &message : t.m_rulesMessages) out << " MATCH=" << hex(message.m_data);
}

static void no_log(void *, const void *) {}

int main(int argc, char **argv) {
  modsecurity::ModSecurity engine;
  engine.setServerLogCb(no_log);
  modsecurity::RulesSet rules;
  if (argc > 1 && rules.loadFromUri(argv[1]) < 0) {
    std::cerr << rules.getParserError() << std::endl;
    return 1;
  }
  modsecurity::Transaction transaction(&engine, &rules, nullptr);
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream in(line);
    std::string kind, a, b;
    in >> kind;
    if (kind == "R" || kind == "Q") {
      std::cout << request(engine, rules, in, kind == "Q") << '\n';
      continue;
    }
    in >> a >> b;
    if (kind == "T") {
      using modsecurity::actions::transformations::Transformation;
      std::unique_ptr<Transformation> t(Transformation::instantiate("t:" + a));
      std::cout << hex(t->evaluate(unhex(b), &transaction)) << '\n';
    } else if (kind == "S") {
      std::string s = unhex(a);
      char fingerprint[8] = {0};
      int found = libinjection_sqli(s.c_str(), s.size(), fingerprint);
      std::cout << (found ? fingerprint : "-") << '\n';
    } else if (kind == "X") {
      std::string s = unhex(a);
      std::cout << libinjection_xss(s.c_str(), s.size()) << '\n';
    } else if (kind == "C") {
      std::cout << cookies(engine, rules, unhex(a)) << '\n';
    } else if (kind == "B") {
      std::cout << body(engine, rules, unhex(a), unhex(b)) << '\n';
    } else {
      std::cerr << "unknown request: " << line << std::endl;
      return 2;
    }
  }
  return 0;
}
