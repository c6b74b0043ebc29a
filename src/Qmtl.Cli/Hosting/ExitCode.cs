namespace Qmtl.Cli.Hosting;

/// <summary>What the process tells its caller. The numbers are a contract with scripts.</summary>
internal static class ExitCode
{
    /// <summary>Everything asked for was done and, after a backfill, no bar that should be there is missing.</summary>
    public const int Complete = 0;

    /// <summary>Something failed, bars are still missing that are old enough to be there, or a test of bars found something.</summary>
    public const int Failed = 1;

    /// <summary>The command line cannot be carried out as written; nothing was asked or written.</summary>
    public const int BadUsage = 2;

    /// <summary>SIGINT or SIGTERM ended it (128 + SIGINT, as shells count). What was committed stays.</summary>
    public const int Cancelled = 130;

    /// <summary>
    /// Nobody reads its output any more, as after <c>| head</c> (128 + SIGPIPE, as of any other program there). What was committed stays.
    /// </summary>
    public const int Unread = 141;
}
