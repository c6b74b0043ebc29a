namespace Qmtl.Unit.Fixtures;

/// <summary>A folder that is there for one test and gone after it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => FullPath = Directory.CreateTempSubdirectory("qmtl-test-").FullName;

    public string FullPath { get; }

    /// <summary>The path of a file in the folder, which need not exist.</summary>
    public string File(string name) => Path.Combine(FullPath, name);

    /// <summary>A new file of the folder with that text, in UTF-8 without a mark.</summary>
    /// <returns>Its path.</returns>
    public string Write(string content, string extension)
    {
        string path = File(Path.GetRandomFileName() + extension);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(FullPath, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // The test removed it.
        }
    }
}
