using System.Runtime.Intrinsics.X86;
using Dmkd.Core.Devices;
using Dmkd.Experiments.Reports;

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
    public bool Healthy => Convolutions.State != "wrong" && DataFolders.All(data => data.Problem is null) && Home.Problem is null && Silo.Problem is null;
}

internal sealed record ProcessorCheck(string Name, int Cores, string Instructions)
{
    /// <summary>This machine's.</summary>
    public static ProcessorCheck Look()
    {
        const string Key = "model name";
        string? line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(text => text.StartsWith(Key, StringComparison.Ordinal)) : null;
        string name = line is null ? "unknown" : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        string instructions = Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : "SSE";
        return new ProcessorCheck(name, Environment.ProcessorCount, instructions);
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
        return new ConvolutionCheck(state, mended, oneDnn, report.Problem, Math.Round(report.Time.TotalMilliseconds, 1));
    }
}
