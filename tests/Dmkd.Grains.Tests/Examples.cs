using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Models;
using Dmkd.Core.Routing;
using Dmkd.Grains.Merging;

namespace Dmkd.Grains.Tests;

/// <summary>Small valid values for tests to change one thing of.</summary>
internal static class Examples
{
    public const string RunId = "run";
    public const string ModuleKey = "run/expert-1";
    public static readonly DateTimeOffset Now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>Settings of a run that takes about a second.</summary>
    public static RunSettings TinySettings() =>
        new()
        {
            Data = new DataSource
            {
                Kind = "synthetic",
                TrainPerClass = 24,
                TestPerClass = 10,
                Seed = 5,
            },
            Tasks = 2,
            Seed = 3,
            Participation = new() { Nodes = 2 },
            Training = new()
            {
                Rounds = 2,
                Epochs = 1,
                Widths = [4, 8, 8, 8],
                BatchSize = 32,
                AllViews = false,
            }, // a third of the time
            Legacy = new()
            {
                Tasks = 1,
                Epochs = 1,
                DistillationEpochs = 1,
            },
            Merging = new() { Rank = 2 },
            Fitting = new() { CalibrationPerClass = 8, Calibration = Calibrations.None },
        };

    /// <summary>
    /// Settings of a preservation that takes about a second: two experts and a gate out of a network for the synthetic
    /// data set.
    /// </summary>
    public static PreservationSettings TinyPreservation() =>
        new()
        {
            Data = new DataSource
            {
                Kind = "synthetic",
                TrainPerClass = 24,
                TestPerClass = 10,
                Seed = 5,
            },
            Architecture = "convnet(3x32x32;8-16-16-16;10)",
            ExpertSize = 0.5,
            GateSize = 0.3,
            CalibrationPerClass = 8,
            Epochs = 1,
            GateEpochs = 1,
            BatchSize = 32,
            Seed = 3,
        };

    public static ModuleDescriptor Descriptor(string library = RunId, string name = "expert-1") =>
        new()
        {
            Library = library,
            Name = name,
            Architecture = new ConvNetArchitecture(3, 32, [4, 8, 8, 8], 8).ToString(),
            Classes = [0, 1],
            ClassNames = ["ball", "box"],
            TellsViews = true,
            Lineage = new ModuleLineage { Origin = ModuleOrigin.Random, RunId = library },
        };

    public static ModuleVersion Version(int number = 1, string digest = "sha256:base", string? parent = null) =>
        new()
        {
            Number = number,
            Digest = digest,
            Bytes = 10,
            ParentDigest = parent,
            CreatedAt = Now,
        };

    public static MergeRoundPlan Plan(int round = 1, int quorum = 1, params string[] participants) =>
        new()
        {
            RunId = RunId,
            Round = round,
            Base = Version(3, "sha256:three"),
            Participants = participants.Length > 0 ? participants : ["run/node-1", "run/node-2", "run/node-3"],
            Quorum = quorum,
            Wait = TimeSpan.FromMinutes(1),
            Options = new MergeOptions(),
        };

    public static MergeCoordinatorState Collecting(MergeRoundPlan? plan = null, params string[] accepted) =>
        new()
        {
            Plan = plan ?? Plan(),
            Phase = MergePhase.Collecting,
            Form = 1,
            OpenedAt = Now,
            Accepted = accepted.ToDictionary(
                node => node,
                node => new AcceptedUpdate(node, new StoredBlob("sha256:" + node, 100), 7) { DenseBytes = 400 }
            ),
        };

    public static DeltaSubmission Submission(string node = "run/node-1") =>
        new()
        {
            RunId = RunId,
            Round = 1,
            NodeId = node,
            BaseVersion = 3,
            SampleCount = 7,
            Tensors = new TensorReference { Blob = new StoredBlob("sha256:tensors", 100) },
        };

    public static LocalUpdateRequest Request(int round = 1, int baseVersion = 1) =>
        new()
        {
            NodeIndex = 0,
            Task = 0,
            Round = round,
            Merging = new MergeOptions(),
            Module = Descriptor(),
            Base = Version(baseVersion),
            RunId = RunId,
            Settings = TinySettings(),
        };

    /// <summary>Six patterned images, of any of the synthetic classes, for the two best experts.</summary>
    public static RouteRequest Batch() =>
        new()
        {
            Input = Pixels([.. Enumerable.Range(0, 6 * 3 * 32 * 32).Select(i => (byte)(i * 31 % 251))], 6, 3, 32),
            CandidateSets =
            [
                [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            ],
            Routing = new RoutingSettings("evidence", 2, 0),
        };

    /// <summary>A well-formed batch of two images.</summary>
    public static RouteRequest Route() =>
        new()
        {
            Input = Pixels(new byte[2 * 3 * 32 * 32], 2, 3, 32),
            CandidateSets =
            [
                [0, 1],
            ],
            Routing = new RoutingSettings("evidence", 1, 0),
        };

    /// <summary>Images as their bytes, layout [count, channels, size, size].</summary>
    public static NamedTensor Pixels(byte[] pixels, int count, int channels, int size) =>
        new("pixels", "uint8", [count, channels, size, size], pixels);
}
