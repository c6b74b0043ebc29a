namespace Qmtl.Unit.Fixtures;

/// <summary>The repository that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>Its root folder.</summary>
    /// <exception cref="DirectoryNotFoundException">The tests run somewhere else.</exception>
    public static string Root
    {
        get
        {
            for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Qmtl.sln")))
                {
                    return folder.FullName;
                }
            }

            throw new DirectoryNotFoundException($"No Qmtl.sln above {AppContext.BaseDirectory}.");
        }
    }
}
