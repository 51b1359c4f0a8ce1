using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using Dmkd.Data;
using Dmkd.Data.Images;
using Dmkd.Experiments.Protocol;
using Dmkd.Grains.Nodes;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Security;

namespace Dmkd.Client.Doctor;

/// <summary>What <c>doctor --json</c> prints. Field names are stable.</summary>
internal sealed record Checkup
{
    public required ProcessorCheck Processor { get; init; }

    public required LibtorchCheck Libtorch { get; init; }

    /// <summary>In its own words; null when libtorch does not say.</summary>
    public required string? OneDnn { get; init; }

    public required ConvolutionCheck Convolutions { get; init; }

    public required IReadOnlyList<DataCheck> DataFolders { get; init; }

    public required HomeCheck Home { get; init; }

    public required SiloCheck Silo { get; init; }

    /// <summary>Whether DMKD can work here.</summary>
    public bool Healthy =>
        Convolutions.State != "wrong"
        && DataFolders.All(data => data.Problem is null)
        && Home.Problem is null
        && Silo.Problem is null;
}

internal sealed record ProcessorCheck(string Name, int Cores, string Instructions)
{
    /// <summary>This machine's.</summary>
    public static ProcessorCheck Look()
    {
        const string Key = "model name";
        string? line = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(text => text.StartsWith(Key, StringComparison.Ordinal))
            : null;
        string name = line is null ? "unknown" : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        return new ProcessorCheck(name, Environment.ProcessorCount, InstructionSet());
    }

    private static string InstructionSet()
    {
        if (Avx512F.IsSupported)
            return "AVX-512";
        return Avx2.IsSupported ? "AVX2" : "SSE";
    }
}

internal sealed record LibtorchCheck(string Version, string Folder, bool ScalarGuard)
{
    /// <summary>What this process loaded.</summary>
    public static LibtorchCheck Look()
    {
        var info = TorchRuntime.EnsureLoaded();
        return new LibtorchCheck(info.Version, info.TorchDirectory, info.ScalarGuardInstalled);
    }
}

/// <param name="State">As in a run's document.</param>
/// <param name="Mended">As in a run's document.</param>
/// <param name="OneDnn">As in a run's document.</param>
/// <param name="Problem">The first wrong convolution; null without one.</param>
/// <param name="Milliseconds">Time that looking took.</param>
internal sealed record ConvolutionCheck(string State, bool Mended, bool OneDnn, string? Problem, double Milliseconds)
{
    public static ConvolutionCheck Of(ConvolutionReport report)
    {
        var (state, mended, oneDnn) = ConvolutionDocument.Of(report);
        return new ConvolutionCheck(
            state,
            mended,
            oneDnn,
            report.Problem,
            Math.Round(report.Time.TotalMilliseconds, 1)
        );
    }
}

/// <summary>Whether a data set can be read, found out by reading a few of its images.</summary>
/// <param name="Kind">As <c>--data</c> names it.</param>
/// <param name="Path">Its folder or file; null for images that the program draws.</param>
/// <param name="Classes">How many it has; 0 when it cannot be read.</param>
/// <param name="Problem">Why it cannot be read; null when it can.</param>
internal sealed record DataCheck(string Kind, string? Path, int Classes, string? Problem)
{
    private const int TrainingImages = 2,
        TestImages = 1; // of each class, the fewest that readers take

    public static DataCheck Look(DataSource source, CancellationToken cancellationToken)
    {
        var few = DatasetCache.SpecOf(source) with
        {
            TrainPerClass = TrainingImages,
            TestPerClass = TestImages,
            ChecksEveryFile = true,
        };
        try
        {
            int classes = DatasetLoader.Load(few, ct: cancellationToken).ClassNames.Count;
            return new DataCheck(source.Kind, source.Path, classes, null);
        }
        catch (Exception e) when (e is DatasetException or IOException or UnauthorizedAccessException)
        {
            return new DataCheck(source.Kind, source.Path, 0, e.Message);
        }
    }
}

/// <summary>The folder of runs and modules.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Exists">Whether it was made already; <c>run</c> makes it.</param>
/// <param name="DatabaseBytes">Size of the stored state; 0 without any.</param>
/// <param name="FreeBytes">Room left on its disk.</param>
/// <param name="Problem">Why it cannot be used now; null when it can.</param>
internal sealed record HomeCheck(string Path, bool Exists, long DatabaseBytes, long FreeBytes, string? Problem)
{
    /// <summary>Looks without making anything that stays.</summary>
    public static HomeCheck Look(string path)
    {
        bool exists = Directory.Exists(path);
        FileInfo database = new(new SiloStorageOptions(path).DatabasePath);
        return new HomeCheck(
            path,
            exists,
            database.Exists ? database.Length : 0,
            new DriveInfo(ExistingPart(path)).AvailableFreeSpace,
            exists ? ProblemOf(path) : null
        );
    }

    private static string? ProblemOf(string path)
    {
        try
        {
            using var taken = HomeFolder.Take(path);
            return null;
        }
        catch (BadInputException e)
        {
            return e.Message;
        }
    }

    private static string ExistingPart(string path)
    {
        string part = path;
        while (!Directory.Exists(part))
            part = System.IO.Path.GetDirectoryName(part) ?? "/";
        return part;
    }
}

/// <summary>
/// Whether a silo answers: one of the cluster, or one that is started inside the console over an empty folder.
/// </summary>
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
        catch (Exception e)
            when (e
                    is BadInputException
                        or ClusterDatabaseException
                        or CertificateException
                        or OrleansException
                        or TimeoutException
                        or IOException
            )
        {
            return new SiloCheck(place, 0, Elapsed(), e.Message);
        }

        double Elapsed() => Math.Round(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }
}
