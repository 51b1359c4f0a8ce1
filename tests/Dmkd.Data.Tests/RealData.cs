namespace Dmkd.Data.Tests;

/// <summary>Files that may lie beside the repository, in a folder named <c>shared</c>.</summary>
internal static class RealData
{
    /// <summary>Finds a file by walking up from the test program.</summary>
    /// <returns>Its path, or null when this machine does not have it.</returns>
    public static string? Find(string relativePath)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", relativePath);
            if (File.Exists(candidate))
                return candidate;
        }
        return null;
    }
}
