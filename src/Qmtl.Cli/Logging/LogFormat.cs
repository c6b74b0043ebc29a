namespace Qmtl.Cli.Logging;

/// <summary>The form of lines on standard error.</summary>
internal enum LogFormat
{
    /// <summary>For people: <c>qmtl: warning: …</c>.</summary>
    Text,

    /// <summary>For machines: a JSON object a line.</summary>
    Json,
}
