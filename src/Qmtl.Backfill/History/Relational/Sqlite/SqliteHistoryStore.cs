using Microsoft.Data.Sqlite;
using Qmtl.Data;
using SQLitePCL;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>
/// A history store in one SQLite file, made when first written. Several processes may use the file at once: it is in WAL
/// mode, in which readers and the one writer do not wait for each other. Writers wait for each other up to 30 seconds.
/// </summary>
/// <remarks>
/// A committed page survives the death of the process at any instant. Pages committed just before the machine loses power
/// may be missing afterwards, whole (<c>synchronous=NORMAL</c>): the next run fetches them again, so a disk flush for every
/// page would buy nothing.
/// </remarks>
public sealed class SqliteHistoryStore : RelationalHistoryStore
{
    private const string Scheme = "sqlite:";

    private readonly string _path;
    private readonly string _connectionString;
    private readonly SqliteErrors _errors;
    private readonly SqliteFillClaims _claims;
    private readonly SqliteSchemaCache _cache = new();
    private readonly SemaphoreSlim _writer = new(1, 1);
    private int _sessions;

    /// <summary>A store in the file at <paramref name="path"/>. Nothing is read or created before the first use.</summary>
    /// <param name="path">The file; relative to the current directory where it is not absolute.</param>
    /// <param name="table">The table of all streams; null, the default, for a table a node, named by its id.</param>
    /// <param name="timeProvider">The clock that says when something was learnt; null for the system's.</param>
    /// <exception cref="ArgumentException">The path is blank or <c>:memory:</c>, or the table cannot be named so.</exception>
    public SqliteHistoryStore(string path, string? table = null, TimeProvider? timeProvider = null)
        : base(Scheme + FullPath(path), timeProvider)
    {
        _path = FullPath(path);
        _errors = new SqliteErrors(DisplayName, _path);
        _claims = new SqliteFillClaims(_path);
        Naming = new TableNaming(table, maximumBytes: 4096, StringComparer.OrdinalIgnoreCase, "sqlite_");
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = _path,
            Mode = SqliteOpenMode.ReadWriteCreate,

            // The session waits by itself; the driver's own wait, which cannot be cancelled, comes on top and is kept short.
            DefaultTimeout = 1,
        }.ToString();
    }

    /// <inheritdoc/>
    public override StoreInfo Info => base.Info with { FilePath = _path };

    /// <inheritdoc/>
    public override Task<string?> FindWriteObstacleAsync(CancellationToken cancellationToken = default) =>
        Task.Run(_errors.FindWriteObstacle, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// While a stream is filled, an empty file stands beside the store's that is locked. The lock goes with the process; the file of one
    /// that was killed stays until the stream is filled again.
    /// </remarks>
    public override Task<IAsyncDisposable?> TryClaimAsync(StreamKey stream, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.Run(() => (IAsyncDisposable?)_claims.TryOne(ClaimOf(stream), cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>One locked file has a list of all of them.</remarks>
    public override Task<StreamClaims> TryClaimManyAsync(
        IReadOnlyCollection<StreamKey> streams, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streams);
        return Task.Run(
            () =>
            {
                (IReadOnlySet<uint> refused, StreamClaim claim) = _claims.Many(streams.Select(ClaimOf).ToHashSet(), cancellationToken);
                return new StreamClaims(streams.Where(stream => refused.Contains(ClaimOf(stream))).ToHashSet(), claim);
            },
            cancellationToken);
    }

    private uint ClaimOf(StreamKey stream) => (uint)StreamClaim.KeyOf(Naming.TableOf(stream.NodeId), stream);

    internal static StoreKind Kind { get; } = new("Sqlite")
    {
        IsFile = true,
        Read = text =>
            text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? text[Scheme.Length..] : ConnectionKeywords.PathIn(text),
        Open = (path, options) => new SqliteHistoryStore(path, options.Table),
    };

    /// <summary>How long an operation waits for a file that another process has locked.</summary>
    /// <value>30 seconds by default.</value>
    internal TimeSpan LockWait { get; init; } = TimeSpan.FromSeconds(30);

    private protected override TableNaming Naming { get; }

    private protected override int StreamsInTransaction => int.MaxValue;

    private protected override async Task<RelationalSession?> OpenSessionAsync(bool forWriting, CancellationToken cancellationToken)
    {
        if (!File.Exists(_path))
        {
            _errors.RequireUsablePath();
            if (!forWriting)
            {
                return null;
            }
        }

        if (!forWriting)
        {
            return SqliteFile.MakesNoneBeside(_path) ? OpenAsItIs(cancellationToken) : await OpenAsync(ended: null, cancellationToken);
        }

        // One writer at a time is SQLite's rule; inside the process, waiting in a queue is cheaper than asking the file again and again.
        await _writer.WaitAsync(cancellationToken);
        try
        {
            return await OpenAsync(() => _writer.Release(), cancellationToken);
        }
        catch
        {
            _writer.Release();
            throw;
        }
    }

    private protected override StoreException? Translate(Exception exception)
    {
        // A connection keeps what it found when it opened the file: read-only, damaged, another file of that name. The next
        // operation is to see what has become of it since.
        if (exception is SqliteException { SqliteErrorCode: not (raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_INTERRUPT) })
        {
            Forget();
        }

        return _errors.Translate(exception);
    }

    // SQLite has no asynchronous file access: its calls block, so they run on a thread of the pool.
    private protected override Task<T> RunAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken) =>
        Task.Run(work, cancellationToken);

    private protected override ValueTask CloseAsync()
    {
        Forget();
        return ValueTask.CompletedTask;
    }

    private static string FullPath(string path)
    {
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0'))
        {
            throw new ArgumentException(
                "The store's path is blank or holds a NUL character. Name a file, for example history.db.", nameof(path));
        }

        return path == ":memory:"
            ? throw new ArgumentException("A store in memory would be gone at once. Name a file, for example history.db.", nameof(path))
            : Path.GetFullPath(path);
    }

    // A connection stays with the file that it opened. Where that has been moved, deleted or replaced since, the file that is at the
    // path now is opened instead, once nothing is at work with the old one any more.
    private async Task<SqliteSession> OpenAsync(Action? ended, CancellationToken cancellationToken)
    {
        for (int attempt = 0; attempt < 2; attempt++)
        {
            var session = new SqliteSession(_connectionString, DisplayName, _cache, LockWait, cancellationToken);
            if (!session.IsMoved)
            {
                Interlocked.Increment(ref _sessions);
                session.Ended = () =>
                {
                    Interlocked.Decrement(ref _sessions);
                    ended?.Invoke();
                };
                return session;
            }

            await using (session)
            {
                if (Volatile.Read(ref _sessions) > 0 || !session.TryEmptyLog())
                {
                    break;
                }
            }

            Forget();
        }

        throw new StoreException(
            $"{DisplayName} was moved, deleted or replaced while it was in use. Try again when nobody uses the file that was there before.")
        {
            IsTransient = true,
        };
    }

    // A folder in which no file can be made, be it that of another user or on a medium that is read-only. SQLite reads there where it
    // needs no files of its own, or where they are there. A file in WAL mode without them is at rest, and can be read as it is.
    private SqliteSession OpenAsItIs(CancellationToken cancellationToken)
    {
        try
        {
            return OpenToRead(_path, unlocked: null, cancellationToken);
        }
        catch (SqliteException error) when (
            error.SqliteErrorCode is raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY or raw.SQLITE_IOERR
                && !SqliteFile.IsRefused(_path, FileAccess.Read))
        {
            var state = SqliteFileState.Of(_path);
            string escaped = Uri.EscapeDataString(_path).Replace("%2F", "/", StringComparison.Ordinal);
            return state.Log is null
                ? OpenToRead($"file:{escaped}?immutable=1", state, cancellationToken)
                : throw _errors.NeedsReplay(state.Log, error);
        }
    }

    // Not pooled: a connection that heeds no locks would never see that the file has changed.
    private SqliteSession OpenToRead(string source, SqliteFileState? unlocked, CancellationToken cancellationToken)
    {
        var connection = new SqliteConnectionStringBuilder
        {
            DataSource = source,
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
            DefaultTimeout = 1,
        };
        var session = new SqliteSession(connection.ToString(), DisplayName, _cache, LockWait, cancellationToken) { Unlocked = unlocked };
        try
        {
            session.Probe();
            return session;
        }
        catch
        {
            session.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }
    }

    private void Forget()
    {
        _cache.Clear();
        using var connection = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(connection);
    }
}
