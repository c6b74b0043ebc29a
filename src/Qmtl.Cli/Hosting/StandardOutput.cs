using Microsoft.Win32.SafeHandles;
using Qmtl.Output;

namespace Qmtl.Cli.Hosting;

/// <summary>Standard output, which says of itself that it could not be written: the system's own words name no file.</summary>
internal sealed class StandardOutput(Stream destination) : WriteOnlyStream
{
    // What the system says where the other end of a pipe is closed: EPIPE, and on Windows ERROR_BROKEN_PIPE and ERROR_NO_DATA.
    private static readonly int[] NobodyReads =
        OperatingSystem.IsWindows() ? [unchecked((int)0x8007006D), unchecked((int)0x800700E8)] : [32];

    /// <summary>
    /// The process's own, for machines. On Unix .NET's stream of the console drops without a word what nobody reads any more, so a pipe is
    /// written to directly.
    /// </summary>
    public static StandardOutput Open()
    {
        const int Descriptor = 1;
        if (!OperatingSystem.IsWindows() && Console.IsOutputRedirected)
        {
            var direct = new FileStream(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!direct.CanSeek)
            {
                return new StandardOutput(direct);
            }
        }

        return new StandardOutput(Console.OpenStandardOutput());
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            destination.Write(buffer);
        }
        catch (IOException exception)
        {
            throw CannotBeWritten(exception);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await destination.WriteAsync(buffer, cancellationToken);
        }
        catch (IOException exception)
        {
            throw CannotBeWritten(exception);
        }
    }

    public override void Flush()
    {
        try
        {
            destination.Flush();
        }
        catch (IOException exception)
        {
            throw CannotBeWritten(exception);
        }
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await destination.FlushAsync(cancellationToken);
        }
        catch (IOException exception)
        {
            throw CannotBeWritten(exception);
        }
    }

    private static IOException CannotBeWritten(IOException exception)
    {
        string message = $"Standard output cannot be written: {exception.Message.TrimEnd('.')}.";
        return NobodyReads.Contains(exception.HResult)
            ? new OutputUnreadException(message, exception)
            : new IOException(message, exception);
    }
}
