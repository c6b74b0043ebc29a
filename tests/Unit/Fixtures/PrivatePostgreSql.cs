using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Npgsql;

namespace Qmtl.Unit.Fixtures;

/// <summary>
/// A PostgreSQL server of our own: made in a temporary folder, listening on loopback only, with password
/// authentication, and gone afterwards.
/// </summary>
public class PrivatePostgreSql : IAsyncDisposable
{
    private const string User = "qmtl";
    private const string DefaultDatabase = "postgres";

    // The server refuses to run as root; these accounts exist on the systems where tests do.
    private static readonly string[] UnprivilegedUsers = ["postgres", "nobody"];

    private readonly TemporaryFolder _folder = new();
    private readonly bool _isDurable;
    private readonly IPAddress _address;
    private readonly string? _runAs = Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows() ? FindUnprivilegedUser() : null;
    private HeldPort? _port;
    private bool _running;

    /// <summary>A server that is not started yet.</summary>
    /// <param name="isDurable">Whether commits reach the disk, as they do on a real server; a test's data need not.</param>
    /// <param name="address">Where it listens, for whoever is in the network of that address; null for 127.0.0.1.</param>
    public PrivatePostgreSql(bool isDurable = false, IPAddress? address = null) =>
        (_isDurable, _address) = (isDurable, address ?? IPAddress.Loopback);

    /// <summary>The password of the server's user: one that has to be escaped wherever it is written.</summary>
    public static string Password => "p@ss;w'o\"r/d %41=?#";

    /// <summary>The name of the server's user, who may do everything.</summary>
    public static string UserName => User;

    /// <summary>The port.</summary>
    public int Port => _port!.Number;

    /// <summary>The server's default database, in Npgsql's form.</summary>
    public string ConnectionString => ConnectionStringOf(DefaultDatabase);

    /// <summary>The connection string of a database, in Npgsql's form.</summary>
    public string ConnectionStringOf(string database) =>
        new NpgsqlConnectionStringBuilder { Host = _address.ToString(), Port = Port, Username = User, Password = Password, Database = database }.ConnectionString;

    /// <summary>The connection string of a database, as a URI.</summary>
    public string UriOf(string database) =>
        string.Create(CultureInfo.InvariantCulture, $"postgresql://{User}:{Uri.EscapeDataString(Password)}@{_address}:{Port}/{Uri.EscapeDataString(database)}");

    /// <summary>A URI of <see cref="UriOf"/> for where no secret may stand.</summary>
    public static string WithoutPassword(string uri) => uri.Replace($":{Uri.EscapeDataString(Password)}@", "@", StringComparison.Ordinal);

    /// <summary>Makes an empty database and gives its name.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        string name = $"test_{Guid.NewGuid():N}";

        // Not pooled: the server may have been restarted since.
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name} TEMPLATE template0", connection);
        await command.ExecuteNonQueryAsync();
        return name;
    }

    /// <summary>Makes the server and starts it; does nothing where the machine has none.</summary>
    public async Task CreateAsync()
    {
        if (PostgreSqlBinaries.Folder is null)
        {
            return;
        }

        string passwordFile = _folder.File("password");
        await File.WriteAllTextAsync(passwordFile, Password);
        if (_runAs is not null)
        {
            await RunAsync("chown", "-R", _runAs, _folder.FullPath);
        }

        await RunServerToolAsync(
            "initdb", "-D", _folder.File("data"), "-U", User, "--pwfile", passwordFile, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync");
        if (!IPAddress.IsLoopback(_address))
        {
            await File.AppendAllTextAsync(_folder.File("data/pg_hba.conf"), "host all all samenet scram-sha-256\n");
        }

        await StartAsync();
    }

    /// <summary>Starts the server after <see cref="StopAsync"/>, on the port it had.</summary>
    public async Task StartAsync()
    {
        _port ??= new HeldPort(_address);
        string options = string.Create(
            CultureInfo.InvariantCulture,
            $"-p {Port} -c listen_addresses={_address} -c unix_socket_directories='{_folder.FullPath}' -c fsync={(_isDurable ? "on" : "off")} -c max_connections=100");
        await RunServerToolAsync("pg_ctl", "-D", _folder.File("data"), "-l", _folder.File("log"), "-o", options, "-w", "start");
        _running = true;
    }

    /// <summary>Stops the server: sessions are cut off; with <paramref name="immediately"/> as if it had crashed.</summary>
    public async Task StopAsync(bool immediately = false)
    {
        if (_running)
        {
            _running = false;
            await RunServerToolAsync("pg_ctl", "-D", _folder.File("data"), "-m", immediately ? "immediate" : "fast", "-w", "stop");
        }
    }

    /// <summary>Stops the server and removes all that it kept.</summary>
    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await StopAsync(immediately: true);
        _port?.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private static string? FindUnprivilegedUser()
    {
        string[] known = [.. File.ReadLines("/etc/passwd").Select(line => line.Split(':')[0])];
        return UnprivilegedUsers.FirstOrDefault(known.Contains);
    }

    private Task RunServerToolAsync(string tool, params string[] arguments)
    {
        string path = Path.Combine(PostgreSqlBinaries.Folder!, tool);
        return _runAs is null ? RunAsync(path, arguments) : RunAsync("runuser", ["-u", _runAs, "--", path, .. arguments]);
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = _folder.FullPath, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;

        // The server inherits the pipes and keeps them open, so the end of the output is not waited for. Each pipe has a thread of its own.
        var output = new ConcurrentQueue<string?>();
        process.OutputDataReceived += (_, line) => output.Enqueue(line.Data);
        process.ErrorDataReceived += (_, line) => output.Enqueue(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        while (!process.HasExited)
        {
            await Task.Delay(10);
        }

        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {string.Join('\n', output)}");
        }
    }
}
