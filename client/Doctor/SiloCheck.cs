using System.Diagnostics;
using Dmkd.Client.Hosting;
using Dmkd.Grains.Hosting;
using Dmkd.Grains.Security.Certificates;

namespace Dmkd.Client.Doctor;

/// <summary>Whether a silo answers: one of the cluster, or one that is started inside the console over an empty folder.</summary>
/// <param name="Place">The cluster, or <c>inside the console</c>.</param>
/// <param name="Active">Silos at work.</param>
/// <param name="Milliseconds">Time until the first answer.</param>
/// <param name="Problem">Why none answers; null when one does.</param>
internal sealed record SiloCheck(string Place, int Active, double Milliseconds, string? Problem)
{
    public const string Inside = "inside the console";

    /// <param name="place">The cluster's name; <see cref="Inside"/> without one.</param>
    /// <param name="connect">Connects or starts.</param>
    public static async Task<SiloCheck> LookAsync(string place, Func<Task<ICluster>> connect)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            await using var cluster = await connect();
            var hosts = await cluster.Grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
            return new SiloCheck(place, hosts.Count, Elapsed(), null);
        }
        catch (Exception e) when (e is BadInputException or ClusterDatabaseException or CertificateException or OrleansException or TimeoutException or IOException)
        {
            return new SiloCheck(place, 0, Elapsed(), e.Message);
        }

        double Elapsed() => Math.Round(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }
}
