namespace Dmkd.Grains.Tests;

/// <summary>A folder of its own for one test. Deleted at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("dmkd-grains-").FullName;

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools(); // pooled connections keep the file open
        Directory.Delete(Path, recursive: true);
    }
}
