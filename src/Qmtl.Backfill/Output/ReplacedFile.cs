namespace Qmtl.Output;

/// <summary>A file that is replaced whole, so that no reader ever sees half of it and what fails leaves the old one as it was.</summary>
internal static class ReplacedFile
{
    /// <summary>Checks a path before any work is done for it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="example">A name that such a file may have, for messages.</param>
    /// <exception cref="ArgumentException">It is a folder, or lies in none that exists.</exception>
    public static void Validate(string path, string example)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            throw new ArgumentException($"'{path}' is a folder. Name a file in it, for example {example}.");
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
        {
            throw new ArgumentException($"There is no folder '{folder}'. Create it first, or name a file in another.");
        }
    }

    /// <summary>Writes the file and puts it in its place.</summary>
    /// <param name="path">Where to; a file that is there is replaced, and its rights are kept.</param>
    /// <param name="what">What is written, for messages: <c>Metrics</c>.</param>
    /// <param name="write">Writes it.</param>
    /// <param name="replaces">Whether a file is replaced that is there by then; true by default.</param>
    /// <exception cref="IOException">The file cannot be written, or is there and not to be replaced.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    public static async Task WriteAsync(string path, string what, Func<Stream, Task> write, bool replaces = true)
    {
        string full = Path.GetFullPath(path);

        // In the same folder, because only there a rename replaces the file at one stroke; and with another extension.
        string temporary = $"{full}.{Guid.NewGuid():n}.tmp";
        try
        {
            await using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                KeepRights(full, file);
                await write(file);
            }

            Replace(temporary, full, replaces);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Discard(temporary);
            throw CannotWrite(exception, full, temporary, what);
        }
        catch
        {
            Discard(temporary);
            throw;
        }
    }

    // Who may read the file that is there may read the new one, and nobody else.
    private static void KeepRights(string path, FileStream file)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(path))
        {
            File.SetUnixFileMode(file.SafeFileHandle, File.GetUnixFileMode(path));
        }
    }

    // On Windows a file that replaces another takes over its rights; one that is moved there does not.
    private static void Replace(string temporary, string path, bool replaces)
    {
        if (!replaces)
        {
            File.Move(temporary, path, overwrite: false);
        }
        else if (OperatingSystem.IsWindows() && File.Exists(path))
        {
            File.Replace(temporary, path, null);
        }
        else
        {
            File.Move(temporary, path, overwrite: true);
        }
    }

    // A name that cannot be made cannot be deleted either.
    private static void Discard(string temporary)
    {
        if (File.Exists(temporary))
        {
            File.Delete(temporary);
        }
    }

    // The operator knows nothing of the temporary file, which the system's messages name.
    private static Exception CannotWrite(Exception exception, string path, string temporary, string what)
    {
        string failed = $"{what} could not be written to";
        string folder = Path.GetDirectoryName(path)!;
        return exception switch
        {
            UnauthorizedAccessException =>
                new UnauthorizedAccessException(
                    $"{failed} '{path}': this user may not replace it, or make files in '{folder}'. Change the permissions, or name a file "
                        + $"in another folder.",
                    exception),
            FileNotFoundException or DirectoryNotFoundException =>
                new IOException($"{failed} '{path}': no file can be made in '{folder}'. Name a file in another folder.", exception),
            _ =>
                new IOException(
                    $"{failed} '{path}': {exception.Message.Replace(temporary, path, StringComparison.Ordinal).TrimEnd('.')}.", exception),
        };
    }
}
