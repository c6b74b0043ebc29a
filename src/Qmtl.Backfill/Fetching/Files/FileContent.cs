using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Qmtl.Messages;

namespace Qmtl.Fetching.Files;

/// <summary>What a file was when it was looked at; another length or time of writing means that it has changed.</summary>
internal readonly record struct FileStamp(long Length, DateTime Written)
{
    /// <summary>A short hash that tells a file in this state, and what else matters of it, from others.</summary>
    public string HashWith(string what) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{what}\n{Length}\n{Written.Ticks}"))).AsSpan(0, 4));

    public static FileStamp Of(string path)
    {
        try
        {
            return FileContent.BehindLinks(path) is FileInfo { Exists: true } file
                ? new FileStamp(file.Length, file.LastWriteTimeUtc)
                : default;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }
}

/// <summary>
/// The bytes of a file. One that is compressed by gzip, or the only one in a zip archive, is unpacked once, to a temporary file that nobody
/// else sees and that is gone with this object or the process.
/// </summary>
internal sealed class FileContent
{
    private const int BufferSize = 64 * 1024;

    // Candles become 3 to 30 times smaller when they are packed; a file that was made to fill a disk is a thousand times smaller.
    private const long MostUnpacked = 16L << 30;
    private const long UnpackedWithoutDoubt = 64L << 20;
    private const int MostTimesPacked = 200;

    private static readonly byte[] Gzip = [0x1F, 0x8B];
    private static readonly byte[] NothingDeflated = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    private static readonly byte[] Zip = "PK\x03\x04"u8.ToArray();

    private readonly FileStream? _unpacked;

    private FileContent(string path, FileStream? unpacked) => (Path, _unpacked) = (path, unpacked);

    /// <summary>The file as it was named.</summary>
    public string Path { get; }

    /// <summary>The file, unpacked.</summary>
    /// <exception cref="SourceException">It is a folder, a pipe or a device, or empty, or it cannot be unpacked.</exception>
    /// <exception cref="IOException">It cannot be read, or there is no room to unpack it.</exception>
    public static FileContent Of(string path, CancellationToken cancellationToken)
    {
        RequireRegular(path);
        using FileStream packed = OpenFile(path);
        using Stream? content = Unpacking(path, packed, out ZipArchiveEntry? entry);
        return new FileContent(path, content is null ? null : Unpack(path, packed, content, entry, cancellationToken));
    }

    /// <summary>The first bytes of a file, unpacked; none where it cannot be read.</summary>
    public static byte[] Begin(string path)
    {
        try
        {
            RequireRegular(path);
            using FileStream packed = OpenFile(path);
            using Stream? content = Unpacking(path, packed, out _);
            return Begin(content ?? packed);
        }
        catch (Exception error) when (error is SourceException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return [];
        }
    }

    /// <summary>The first bytes.</summary>
    public byte[] Begin()
    {
        using Stream stream = Open();
        return Begin(stream);
    }

    /// <summary>A stream of its own that stands at the beginning. Others may go on writing the file.</summary>
    public Stream Open() => _unpacked is null ? OpenFile(Path) : new UnpackedStream(_unpacked);

    /// <summary>The file that a path or a chain of links leads to. What a link says of itself does not change with the file.</summary>
    public static FileSystemInfo? BehindLinks(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true);
    }

    // Opening a pipe waits for its writer, and none can be read twice.
    private static void RequireRegular(string path)
    {
        // The system gives pipes, sockets and devices a length of zero; a link has one of its own.
        string? fault = Directory.Exists(path) ? $"{path} is a folder. Name a file in it."
            : File.Exists(path) && BehindLinks(path) is not FileInfo { Exists: true, Length: > 0 }
                ? $"{path} is empty, or a pipe or device. Name a file that holds bars; write what a pipe brings to a file first."
            : null;
        if (fault is not null)
        {
            throw new SourceException(fault);
        }
    }

    private static byte[] Begin(Stream stream)
    {
        byte[] beginning = new byte[BufferSize];
        return beginning[..stream.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false)];
    }

    private static FileStream OpenFile(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BufferSize);

    private static Stream? Unpacking(string path, FileStream packed, out ZipArchiveEntry? entry)
    {
        entry = null;
        Span<byte> mark = stackalloc byte[4];
        mark = mark[..packed.ReadAtLeast(mark, mark.Length, throwOnEndOfStream: false)];
        packed.Position = 0;
        if (mark.StartsWith(Gzip))
        {
            return new GZipStream(packed, CompressionMode.Decompress);
        }

        if (!mark.StartsWith(Zip))
        {
            return null;
        }

        try
        {
            var archive = new ZipArchive(packed, ZipArchiveMode.Read);
            ZipArchiveEntry[] files = [.. archive.Entries.Where(
                file => !file.FullName.EndsWith('/') && !file.FullName.StartsWith("__MACOSX/", StringComparison.Ordinal))];
            entry = files is [var only] ? only : throw new SourceException(
                $"{path} is a zip archive (or a spreadsheet, which is one) of {files.Length} files. Take the one with the bars out of it "
                    + "first (Expand-Archive, unzip), and save a spreadsheet as CSV.");
            return entry.Open();
        }
        catch (InvalidDataException error)
        {
            throw Damaged(path, error);
        }
    }

    private static FileStream Unpack(
        string path, FileStream packed, Stream content, ZipArchiveEntry? entry, CancellationToken cancellationToken)
    {
        FileStream file = CreateTemporary();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            long length = 0;
            var crc = new Crc32();
            int read;
            while ((read = content.Read(buffer)) > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                RandomAccess.Write(file.SafeFileHandle, buffer.AsSpan(0, read), length);
                crc.Append(buffer.AsSpan(0, read));
                length += read;
                if (length > MostUnpacked || (length > UnpackedWithoutDoubt && length / MostTimesPacked > packed.Length))
                {
                    throw new SourceException(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{path} unpacks to more than {Math.Min(length, MostUnpacked) >> 20} MiB from {packed.Length} bytes, "
                            + $"which no file of bars does. Unpack it first, and look at what it holds."));
                }
            }

            // What .NET does not check: an archive that is cut short ends for it as a whole one does.
            bool isWhole = entry is null
                ? EndsWhole(packed, file, length, crc.GetCurrentHashAsUInt32())
                : (entry.Crc32, entry.Length) == (crc.GetCurrentHashAsUInt32(), length);
            return !isWhole ? throw Damaged(path, null)
                : length == 0 ? throw new SourceException($"{path} holds an empty file. Name a file that holds bars.")
                : file;
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            file.Dispose();
            throw Damaged(path, error);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // At its end a gzip file has the checksum and the length (its last 32 bits) of what it holds. Where files were packed one after the
    // other into one, as logs are rotated and bgzip works, they are those of the last; .NET has looked at the others'.
    private static bool EndsWhole(FileStream packed, FileStream file, long length, uint crc)
    {
        Span<byte> end = stackalloc byte[10];
        end = end[..RandomAccess.Read(packed.SafeFileHandle, end, Math.Max(0, packed.Length - end.Length))];
        if (end.Length < 10)
        {
            return false;
        }

        uint lastCrc = BinaryPrimitives.ReadUInt32LittleEndian(end[2..]);
        uint lastLength = BinaryPrimitives.ReadUInt32LittleEndian(end[6..]);
        return (lastCrc, lastLength) == (crc, (uint)length)
            || (lastLength == 0 ? end.StartsWith(NothingDeflated) : lastLength < length && lastCrc == CrcOfEnd(file, length, lastLength));
    }

    private static uint CrcOfEnd(FileStream file, long length, uint count)
    {
        byte[] buffer = new byte[BufferSize];
        var crc = new Crc32();
        for (long at = length - count; at < length;)
        {
            int read = RandomAccess.Read(file.SafeFileHandle, buffer, at);
            crc.Append(buffer.AsSpan(0, read));
            at += read;
        }

        return crc.GetCurrentHashAsUInt32();
    }

    private static SourceException Damaged(string path, Exception? error) => new(
        $"{path} cannot be unpacked: the archive is damaged, cut short, in several parts or locked by a password"
            + (error is null ? "." : $" ({PlainText.OneLine(error.Message, 100).TrimEnd('.')}).")
            + " Get it once more, or unpack it first.",
        error);

    // Windows deletes it with its last handle, also of a process that was killed; elsewhere its name can go at once.
    private static FileStream CreateTemporary()
    {
        string path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"qmtl-{System.IO.Path.GetRandomFileName()}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (OperatingSystem.IsWindows())
        {
            options.Options = FileOptions.DeleteOnClose;
            return new FileStream(path, options);
        }

        options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var file = new FileStream(path, options);
        File.Delete(path);
        return file;
    }

    // Reads by place, so that several can read one handle at once.
    private sealed class UnpackedStream(FileStream file) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => RandomAccess.GetLength(file.SafeFileHandle);

        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int read = RandomAccess.Read(file.SafeFileHandle, buffer, Position);
            Position += read;
            return read;
        }

        public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
        {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => Position,
            _ => Length,
        };

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
