using System.Net;
using Npgsql;
using Qmtl.History;
using Qmtl.History.QuestDb;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.History.Relational.Sqlite;

namespace Qmtl.Unit.History;

public sealed class HistoryStoreFactoryTests
{
    [Theory]
    [InlineData("history.db")]
    [InlineData("./data/history.db")]
    [InlineData("/data/a=b;c.db")]
    [InlineData("/data/postgresql://x")]
    [InlineData("./user:of@noone.db")]
    [InlineData("of@noone.db")]
    [InlineData("sqlite:./user:of@noone.db")]
    [InlineData("/data/user:of@noone.db")]
    [InlineData("C:/user/of@noone.db")]
    [InlineData("Data Source=history.db")]
    [InlineData("data source=\"history.db\"")]
    [InlineData("sqlite:history.db")]
    public async Task A_path_is_a_SQLite_file(string text)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(text);
        Assert.IsType<SqliteHistoryStore>(store);
        Assert.StartsWith("sqlite:", store.Info.DisplayName, StringComparison.Ordinal);
        Assert.True(Path.IsPathFullyQualified(store.Info.DisplayName["sqlite:".Length..]));
    }

    [Theory]
    [InlineData("host=db.example port=5433 dbname=history user=me password=secret")]
    [InlineData("  dbname = 'history'  host = db.example password = 'se\\'cr et' port=5433")]
    [InlineData("password=secret dbname=history host=db.example port=5433 sslmode=verify-full")]
    public async Task Libpqs_own_form_is_read(string text)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(text, new HistoryStoreOptions { Kind = "PostgreSql" });
        Assert.Equal("postgresql://db.example:5433/history", store.Info.DisplayName);
        NpgsqlConnectionStringBuilder read = PostgreSqlConnectionString.Parse(text, credential: null);
        Assert.Equal(text.Contains('\\') ? "se'cr et" : "secret", read.Password);
    }

    [Theory]
    [InlineData("Host=db.example password=secret;Database=history")]
    [InlineData("host=db.example password='secret")]
    [InlineData("host=db.example password=secret colour=red")]
    public void What_is_half_of_libpqs_form_is_refused_without_its_password(string text)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => HistoryStoreFactory.Open(text));
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_store_shows_of_itself_opens_it_again()
    {
        await using IHistoryStore store = HistoryStoreFactory.Open("some file.db");
        await using IHistoryStore again = HistoryStoreFactory.Open(store.Info.DisplayName);
        Assert.Equal(store.Info.DisplayName, again.Info.DisplayName);
    }

    [Theory]
    [InlineData("postgresql://user:pw@example.org:5433/market", "postgresql://example.org:5433/market")]
    [InlineData("POSTGRES://user:pw@example.org/market", "postgresql://example.org:5432/market")]
    [InlineData("postgresql://example.org", "postgresql://example.org:5432/")]
    [InlineData("postgresql://user@example.org", "postgresql://example.org:5432/user")]
    [InlineData("postgresql://u:pw@[::1]:5433/a%20b", "postgresql://[::1]:5433/a b")]
    [InlineData("postgresql:///market", "postgresql://localhost:5432/market")]
    [InlineData("postgresql://u:p/w?rd@h/db", "postgresql://h:5432/db")]
    [InlineData("Host=example.org;Database=market;Username=user;Password=pw", "postgresql://example.org:5432/market")]
    [InlineData("server=example.org;port=5433;user id=user;password=\"p;w=\"", "postgresql://example.org:5433/user")]
    public async Task A_connection_string_is_a_PostgreSQL_database(string text, string display)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(text);
        Assert.Null(Assert.IsType<DetectingHistoryStore>(store).Detected);
        Assert.Equal(display, store.Info.DisplayName);
    }

    [Fact]
    public void Every_part_of_a_URI_is_decoded()
    {
        NpgsqlConnectionStringBuilder connection = PostgreSqlConnectionString.Parse(
            "postgresql://a%40b:p%3A%2F%25%3Bw@host:1234/d%2Fb?sslmode=verify-full&connect_timeout=7&application_name=my%20app&Maximum%20Pool%20Size=5", null);
        Assert.Equal(("a@b", "p:/%;w", "host", 1234, "d/b"), (connection.Username, connection.Password, connection.Host, connection.Port, connection.Database));
        Assert.Equal((SslMode.VerifyFull, 7, "my app", 5), (connection.SslMode, connection.Timeout, connection.ApplicationName, connection.MaxPoolSize));
    }

    [Fact]
    public void A_credential_overrides_and_settings_of_the_operator_stay()
    {
        NpgsqlConnectionStringBuilder connection = PostgreSqlConnectionString.Parse("Host=h;Username=u;Password=p;Command Timeout=5;Keepalive=1", new NetworkCredential("other", "secret"));
        Assert.Equal(("other", "secret", 5, 1), (connection.Username, connection.Password, connection.CommandTimeout, connection.KeepAlive));
    }

    [Theory]
    [InlineData("", "not named")]
    [InlineData("postgresql://u:hunter2@h:abc/db", "port")]
    [InlineData("postgresql://u:hunter2@h:99999/db", "port")]
    [InlineData("postgresql://u:hunter2%@h/db", "password")]
    [InlineData("postgresql://u:hunter2@h/d%zz", "database")]
    [InlineData("postgresql://u%:hunter2@h/db", "user")]
    [InlineData("postgresql://u:hunter2", "port")]
    [InlineData("postgresql://u:x@y?hunter2=@h/db", "parameter number 1")]
    [InlineData("postgresql://u:x@h/db?password=hunter2%", "parameter number 1")]
    [InlineData("postgresql://u:hunter2@h/db?sslmode=maybe", "SSL Mode")]
    [InlineData("postgresql://u:hunter2@h/db?nonsense=1", "parameter number 1")]
    [InlineData("postgresql://u:hunter2@h/db?sslmode", "parameter number 1")]
    [InlineData("Host=h;Port=many;Password=hunter2", "Port")]
    [InlineData("Host=h;Port=70000;Password=hunter2", "port")]
    [InlineData("Host=h;Password=x;hunter2=y", "keyword number 3")]
    [InlineData("Host=h;Password=x;hunter2", "Keyword=value")]
    [InlineData("Password=hunter2;Username=u", "no host")]
    [InlineData("mysql://u:hunter2@h/db", "mysql")]
    [InlineData("http://u:hunter2@h:9000", "http")]
    [InlineData("user:hunter2@h", "without its scheme")]
    [InlineData("user:hunter2/x@h:5432/db", "without its scheme")]
    [InlineData("u:hunter2@h:5432/db", "without its scheme")]
    [InlineData("postgresql//u:hunter2@127.0.0.1:1/db", "with a wrong one")]
    [InlineData("postgresql:/u:hunter2@h/db", "with a wrong one")]
    [InlineData("postgresql;//u:hunter2@h/db", "with a wrong one")]
    [InlineData("postgre sql://u:hunter2@h/db", "with a wrong one")]
    [InlineData("postgresql/u:hunter2@h/db", "with a wrong one")]
    [InlineData("//u:hunter2@h/db", "without its scheme")]
    [InlineData("postgresql//h/db?user=u&password=hunter2", "with a wrong one")]
    [InlineData("sqlite://u:hunter2@h/db", "with a wrong one")]
    public void A_wrong_part_is_named_and_the_password_is_not_shown(string text, string part)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => HistoryStoreFactory.Open(text));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("questdb://h:8812/qdb", null, typeof(QuestDbHistoryStore))]
    [InlineData("questdb://h:8812/qdb", "QUESTDB", typeof(QuestDbHistoryStore))]
    [InlineData("Host=h", "questdb", typeof(QuestDbHistoryStore))]
    [InlineData("host=h dbname=d", "postgresql", typeof(PostgreSqlHistoryStore))]
    [InlineData("Host=h", "auto", typeof(DetectingHistoryStore))]
    [InlineData("x.db", "sqlite", typeof(SqliteHistoryStore))]
    public async Task A_kind_is_named_in_any_case(string text, string? kind, Type type)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(text, new HistoryStoreOptions { Kind = kind });
        Assert.IsType(type, store);
        Assert.Equal(type == typeof(SqliteHistoryStore), store.Info.FilePath is not null);
    }

    [Theory]
    [InlineData("x.db", "mongo", "no kind of store 'mongo'. There are Auto, PostgreSql, QuestDb, Sqlite")]
    [InlineData("x.db", "PostgreSql", "reads as a file's path")]
    [InlineData("postgresql://u:hunter2@h/db", "Sqlite", "reads as the address of a server")]
    [InlineData("postgresql://u:a;filename=hunter2@h/db", "Sqlite", "reads as the address of a server")]
    [InlineData("questdb://u:hunter2@h/db", "PostgreSql", "names a store of the kind QuestDb")]
    public void A_kind_that_does_not_go_with_what_is_named_is_refused(string text, string kind, string problem)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => HistoryStoreFactory.Open(text, new HistoryStoreOptions { Kind = kind }));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x.db", null, "http://h:9000")]
    [InlineData("Host=h", "PostgreSql", "http://h:9000")]
    [InlineData("Host=h", "QuestDb", "http://u:p@h:9000")]
    [InlineData("Host=h", null, "http://h:9000?a=1")]
    public void An_HTTP_address_goes_with_QuestDB_only(string text, string? kind, string address)
    {
        var options = new HistoryStoreOptions { Kind = kind, HttpUri = new Uri(address) };
        Assert.Contains("QuestDb", Assert.Throws<ArgumentException>(() => HistoryStoreFactory.Open(text, options)).Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("PostgreSQL 16.4 on x86_64-pc-linux-gnu", "PostgreSql")]
    [InlineData("PostgreSQL 12.3, compiled by Visual C++ build 1914, 64-bit, QuestDB", "QuestDb")]
    [InlineData("", "PostgreSql")]
    public void A_server_is_known_by_its_version(string version, string kind) => Assert.Equal(kind, StoreKinds.OfServer(version).Name);

    [Fact]
    public void A_file_takes_no_credential() =>
        Assert.Throws<ArgumentException>(() => HistoryStoreFactory.Open("history.db", null, new NetworkCredential("u", "p")));

    [Fact]
    public void A_file_takes_no_other_keyword() =>
        Assert.Contains("mode", Assert.Throws<ArgumentException>(() => HistoryStoreFactory.Open("Data Source=x.db;Mode=ReadOnly")).Message, StringComparison.Ordinal);
}
