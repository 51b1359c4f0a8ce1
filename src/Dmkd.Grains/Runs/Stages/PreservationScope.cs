using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Modalities.Images;
using Dmkd.Data.Images;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>
/// What the stages of a preservation share: its state, its data, the legacy model's answers and the silo's services.
/// </summary>
internal sealed class PreservationScope
{
    private readonly List<Track> _tracks = [];
    private PreservationData? _data;

    public required string Library { get; init; }

    public required StageEngine<PreservationState, PreservationStage> Engine { get; init; }

    public required IGrainFactory Grains { get; init; }

    public required PreservationServices Services { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>How far its parts are, in the order they began.</summary>
    public IReadOnlyList<Track> Tracks => _tracks;

    public PreservationState State => Engine.State;

    public PreservationSettings Settings => State.Request!.Settings;

    /// <summary>The data set, once it is loaded.</summary>
    public PreservationData Data =>
        _data ?? throw new InvalidOperationException($"The data of library {Library} is not loaded.");

    /// <summary>The stages of every preservation, in their order.</summary>
    public StageList<PreservationStage> Stages()
    {
        IRunStage<PreservationStage>[] all =
        [
            new SurrogateStage(this),
            new CutStage(this),
            new DistilStage(this),
            new PublishStage(this),
        ];
        return new StageList<PreservationStage>(all, PreservationStage.Completed);
    }

    public async Task LoadAsync() =>
        _data = new PreservationData(await Services.Datasets.GetAsync(Settings.Data), Settings);

    public void Tell(RunEvent happened) => Engine.Tell(happened);

    /// <summary>Begins a part of the work; again after a resumption.</summary>
    public Track Begin(string name)
    {
        var track = new Track(name);
        _tracks.RemoveAll(known => known.Name == name);
        _tracks.Add(track);
        return track;
    }

    /// <summary>Counts device time.</summary>
    public void Spent(string job, TimeSpan time)
    {
        Services.Instruments.DeviceUsed(job, time);
        State.DeviceSeconds += time.TotalSeconds;
    }

    /// <summary>Asks the legacy model about all images, once per activation; the answers are not stored.</summary>
    public async Task AskLegacyAsync(CancellationToken cancellationToken)
    {
        if (Data.TestAnswers is not null)
            return;
        var track = Begin("legacy model's answers");
        var request = State.Request!;
        byte[] content = await Services.Weights.GetAsync(request.LegacyDigest, cancellationToken);
        var source = new TeacherSource(Settings.Architecture, content, request.IsTorchScript);
        var test = await AskAsync(
            source,
            Data.Dataset.Test,
            mirrored: false,
            share => track.Report(0.2 * share),
            cancellationToken
        );
        Data.TrainingAnswers = await AskAsync(
            source,
            Data.Dataset.Train,
            Settings.Augment,
            share => track.Report(0.2 + 0.8 * share),
            cancellationToken
        );
        Data.TestAnswers = test;
        State.LegacyAccuracy = Data.LegacyAccuracy([.. Enumerable.Range(0, Data.Dataset.ClassNames.Count)]);
        Tell(new LegacyMeasured(request.SourceName, State.LegacyAccuracy, Data.Dataset.Test.Count));
    }

    /// <summary>Asks about images on all lanes at the same time, a share on each.</summary>
    private async Task<TeacherAnswers> AskAsync(
        TeacherSource source,
        ImageSet images,
        bool mirrored,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        var normalisation = InputNormalisation.Find(Settings.Normalisation);
        int parts = Math.Min(Services.Work.TrainingLanes, images.Count);
        double[] shares = new double[parts];
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, parts)
                .Select(part =>
                    Services.Work.AnswerAsync(
                        source,
                        new TeacherQuestion(PartOf(images, part, parts), normalisation, mirrored),
                        share => Report(part, share),
                        cancellationToken
                    )
                )
        );
        foreach (var answer in answers)
            Spent("legacy answers", answer.Time);
        return TeacherAnswers.Concat([.. answers.Select(answer => answer.Answers)]);

        void Report(int part, double share)
        {
            Volatile.Write(ref shares[part], share);
            progress(shares.Average());
        }
    }

    private static ImageSet PartOf(ImageSet images, int part, int parts)
    {
        int start = (int)((long)images.Count * part / parts);
        int end = (int)((long)images.Count * (part + 1) / parts);
        return images.Select([.. Enumerable.Range(start, end - start)]);
    }
}

/// <summary>What the silo gives to a preservation.</summary>
internal sealed record PreservationServices(
    IWeightStore Weights,
    DatasetCache Datasets,
    IPreservationWork Work,
    StoreOutages Outages,
    DmkdInstruments Instruments,
    TimeProvider Time
);
