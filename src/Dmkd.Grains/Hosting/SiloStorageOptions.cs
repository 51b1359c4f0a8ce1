using Microsoft.Data.Sqlite;

namespace Dmkd.Grains.Hosting;

/// <summary>Where an embedded silo keeps its state and weights.</summary>
/// <param name="Home">Folder; made when it does not exist.</param>
public sealed record SiloStorageOptions(string Home)
{
    /// <summary>Grain state.</summary>
    public string DatabasePath => Path.Combine(Home, "dmkd.db");

    /// <summary>How the database is opened.</summary>
    public string ConnectionString => new SqliteConnectionStringBuilder { DataSource = DatabasePath }.ToString();

    /// <summary>Content-addressed weights.</summary>
    public string WeightsPath => Path.Combine(Home, "weights");
}
