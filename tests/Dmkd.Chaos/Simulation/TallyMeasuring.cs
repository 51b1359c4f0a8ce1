using System.Runtime.InteropServices;
using System.Text;
using Dmkd.Contracts.Nodes;
using Dmkd.Data.Partitioning;
using Dmkd.Hosting.Storage;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// What a simulated node measures: numbers that follow from the weights and the node, so that a report that is left
/// out, or is of other weights, shows in every sum. All are multiples of 1/64: sums are exact.
/// </summary>
internal sealed class TallyMeasuring(World world, IWeightStore weights, double badMerges)
{
    /// <summary>Classes of the simulated data set.</summary>
    public const int Classes = 10;

    private const int Width = 2,
        ExemplarsPerNode = 3;

    /// <summary>Measures; takes its time.</summary>
    public async Task<ProbeReport> ProbeAsync(ProbeRequest request, double slowness)
    {
        await weights.GetAsync(request.Version.Digest);
        await world.Delay(world.Between(0.1, 2) * slowness);
        return Exact(request, badMerges);
    }

    /// <summary>The report as it must be.</summary>
    public static ProbeReport Exact(ProbeRequest request, double badMerges = 0) =>
        request.Probe switch
        {
            EntropyProbe => new EntropyReport(Number(request, 1), 10 + request.NodeIndex, Number(request, 2)),
            ComparisonProbe => Compare(request, badMerges),
            StatisticsProbe => new StatisticsReport(10, Encoding.UTF8.GetBytes($"{request.NodeIndex}")),
            ExemplarProbe => Exemplars(request),
            MomentsProbe => Moments(request),
            _ => throw new NotSupportedException($"This node does not measure {request.Probe.GetType().Name}."),
        };

    /// <summary>Whose statistics these are.</summary>
    public static string NameOf(StatisticsReport report) => Encoding.UTF8.GetString(report.Statistics);

    /// <summary>A number between 0 and a limit that follows from a text.</summary>
    public static uint Mix(string text, int salt, uint limit)
    {
        uint hash = 2166136261u + ((uint)salt * 374761393u);
        foreach (char letter in text)
            hash = (hash ^ letter) * 16777619u;
        hash ^= hash >> 15;
        return (hash * 2246822519u >> 8) % limit;
    }

    /// <summary>The same weights are as good or as bad whoever looks at them, and whenever.</summary>
    private static ComparisonReport Compare(ProbeRequest request, double badMerges)
    {
        bool isBad = Convert.ToInt32(request.Version.Digest[..4], 16) / 65_536.0 < badMerges;
        return new ComparisonReport(10 + request.NodeIndex, 9, isBad ? 3 : 9, Number(request, 3), Number(request, 4));
    }

    private static ExemplarReport Exemplars(ProbeRequest request)
    {
        int seen = Tasks(request).ClassesOf(request.Task)[^1] + 1;
        int[] labels = [.. Enumerable.Range(0, ExemplarsPerNode).Select(i => (request.NodeIndex + (2 * i)) % seen)];
        int own = request.Module.Classes.Length;
        float[] scores = [.. Enumerable.Range(0, own * labels.Length).Select(i => (float)Number(request, 100 + i))];
        return new ExemplarReport(labels.Length, labels, Bytes(scores), []);
    }

    private static MomentsReport Moments(ProbeRequest request)
    {
        int[] classes = [.. Tasks(request).ClassesOf(request.Task)];
        long[] counts = [.. classes.Select(label => 1L + ((label + request.NodeIndex) % 3))];
        float[] sums = [.. Enumerable.Range(0, classes.Length * Width).Select(i => (float)Number(request, 200 + i))];
        float[] products = [.. Enumerable.Range(0, 3).Select(i => (float)Number(request, 300 + i))];
        return new MomentsReport(Width, classes, counts, Bytes(sums), Bytes(products));
    }

    private static TaskSequence Tasks(ProbeRequest request) => TaskSequence.Split(Classes, request.Settings.Tasks);

    private static double Number(ProbeRequest request, int salt) =>
        (1 + Mix(request.Version.Digest, (salt * 64) + request.NodeIndex, 4095)) / 64.0;

    private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();
}
