namespace Dmkd.Grains.Hosting;

/// <summary>Where a cluster of several machines keeps its membership, state, reminders and weights.</summary>
/// <param name="ConnectionString">A PostgreSQL database, as Npgsql writes it: <c>Host=...;Database=...;Username=...;Password=...</c>.</param>
public sealed record ClusterStorageOptions(string ConnectionString)
{
    /// <summary>Name of the cluster: several may share a database. Default: dmkd.</summary>
    public string ClusterId { get; init; } = "dmkd";

    /// <summary>A folder that all silos see, for the weights; null to keep them in the database.</summary>
    public string? WeightsFolder { get; init; }
}
