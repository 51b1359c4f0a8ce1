namespace Dmkd.Grains.Hosting;

/// <summary>A cluster's database cannot be used; the message names it, without its password, and says why.</summary>
public sealed class ClusterDatabaseException(string message) : Exception(message);
