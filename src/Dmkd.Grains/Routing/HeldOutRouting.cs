using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Core.Modalities;
using Dmkd.Grains.Nodes;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Storage;
using Dmkd.Serving;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Routing;

/// <summary>
/// Routes the examples that a node keeps for testing through a library on the node's own machine (proposal 3.5): the
/// library's weights come to the examples, and what leaves the machine are counts.
/// </summary>
internal sealed class HeldOutRouting(
    IWeightStore weights,
    LibraryCache cache,
    SiloDevices devices,
    ILogger<RunningLibrary> logger
) : IHeldOutRouting
{
    public async Task<EvaluationReport> RouteAsync(
        ProbeRequest request,
        EvaluationProbe library,
        INodeData data,
        CancellationToken cancellationToken
    )
    {
        var manifest = LibraryMapping.ToManifest(request.Module.Library, library.Modules, library.Gate);
        var source = new RunningLibrary(manifest, weights, NoHistoryAsync, logger);
        var session = new LibrarySession(source, cache, devices.Serving);
        var plan = request.Settings.Routing.ToPlan(request.Settings.Fitting.Calibration);
        var heldOut = data.HeldOut();
        int[][] tasks = [.. Enumerable.Range(0, request.Task + 1).Select(data.ClassesOf)];
        int[] seen = [.. tasks.SelectMany(classes => classes)];
        var tally = new Tally(seen.Length);
        double seconds = 0;
        foreach (int[] classes in tasks)
        {
            string expert = ExpertOf(library.Modules, classes);
            int[] own = [.. Positions(heldOut, classes)];
            foreach (int[] batch in own.Chunk(BatchRouting.MaxImagesPerBatch))
            {
                var chosen = heldOut.Choose(batch);
                var options = new PredictOptions(plan, [seen, classes]);
                var prediction = await session.PredictAsync(
                    BatchRouting.InputOf(chosen).ToInputs(),
                    options,
                    cancellationToken
                );
                seconds += prediction.DeviceTime.TotalSeconds;
                tally.Add(chosen.Labels, prediction, expert);
            }
        }

        devices.Instruments.DeviceUsed("evaluation", TimeSpan.FromSeconds(seconds));
        return tally.Report with { DeviceSeconds = seconds };
    }

    /// <summary>Name of the expert of a task's classes.</summary>
    private static string ExpertOf(ModuleSnapshot[] modules, int[] classes) =>
        Array.Find(modules, module => module.Descriptor.Classes.AsSpan().SequenceEqual(classes))?.Descriptor.Name ?? "";

    private static IEnumerable<int> Positions(IExamples examples, int[] classes) =>
        Enumerable.Range(0, examples.Count).Where(position => classes.Contains(examples.Labels[position]));

    /// <summary>Counts would not say that an earlier version answered: none does.</summary>
    private static Task<IReadOnlyList<ModuleVersion>> NoHistoryAsync(
        string module,
        CancellationToken cancellationToken
    ) => Task.FromResult<IReadOnlyList<ModuleVersion>>([]);

    private sealed class Tally(int classes)
    {
        private readonly int[] _confusion = new int[classes * classes];
        private readonly int[] _rightInTask = new int[classes];
        private readonly int[] _foundTask = new int[classes];

        public EvaluationReport Report => new(classes, _confusion, _rightInTask, _foundTask);

        public void Add(int[] labels, LibraryPrediction prediction, string expected)
        {
            for (int i = 0; i < labels.Length; i++)
            {
                var (among, within) = (prediction.Sets[0][i], prediction.Sets[1][i]);
                _confusion[labels[i] * classes + among.ClassIndex]++;
                _rightInTask[labels[i]] += within.ClassIndex == labels[i] ? 1 : 0;
                _foundTask[labels[i]] += among.Experts[0].Module == expected ? 1 : 0;
            }
        }
    }
}
