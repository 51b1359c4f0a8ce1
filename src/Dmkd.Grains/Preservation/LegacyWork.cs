using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using Dmkd.Core.Training;
using Dmkd.Data.Images;
using Dmkd.Data.Seeds;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs.Rounds;
using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Grains.Preservation;

/// <summary>
/// The tensor work of preservation (proposal 3.2): synchronous, values in and values out, run on a device lane.
/// </summary>
internal static class LegacyWork
{
    private static readonly ScoringOptions PlainScores = new(ModuleSignature.PlainLabels, "standard", 1, false);

    /// <summary>Seed of W_rand, common to all nodes (proposal 3.2.3).</summary>
    public static ulong RandomWeightsSeed(RunSettings settings) =>
        (ulong)SeedSequence.Derive(settings.Seed, SeedPurpose.LegacyRandomWeights);

    /// <summary>Trains a monolithic network on plain labels, as deprecated models were.</summary>
    /// <returns>Architecture, weights as safetensors, accuracy on the test images, device time.</returns>
    public static TrainedLegacy Train(
        DeviceJob job,
        RunSettings settings,
        ImageSet training,
        ImageSet test,
        int classCount,
        Action<double> progress
    )
    {
        var architecture = RunRules.Networks(settings, training).Legacy(classCount);
        using var generator = new Generator((ulong)SeedSequence.Derive(settings.Seed, SeedPurpose.LegacyTraining), CPU);
        using var network = architecture.Build(generator); // a scope does not dispose registered parameters
        network.to(job.Device);
        using (var data = RunData.Modality.TrainingData(training, new PlainLabels()))
        {
            var options = new TrainingOptions
            {
                Rounds = settings.Legacy.Epochs,
                BatchSize = settings.Training.BatchSize,
                LearningRate = settings.Training.LearningRate,
            };
            Trainer.Run(network, data, new CrossEntropy(), options, generator, progress, job.CancellationToken);
        }

        using var encoded = RunData.Modality.Encode(test);
        using var scores = RunData.Modality.Score(network, encoded.to(job.Device), PlainScores);
        if (FiniteValues.RowsWithout(scores) is > 0 and var without)
            throw new NoFiniteAnswerException(without, test.Count, "the legacy network");
        using var predicted = scores.argmax(1);
        using var actual = tensor([.. test.Labels.Select(label => (long)label)], dtype: ScalarType.Int64);
        double accuracy = predicted.eq(actual).to(ScalarType.Float64).mean().item<double>();
        using var weights = WeightSet.CopyOf(network);
        return new TrainedLegacy(architecture.ToString()!, WeightCodec.Encode(weights), accuracy, job.Elapsed);
    }

    /// <summary>Scores, partitions, cuts, transfers and fine-tunes: one expert per class group.</summary>
    /// <param name="job">The lane.</param>
    /// <param name="settings">The run's settings.</param>
    /// <param name="architectureText">The legacy model's architecture.</param>
    /// <param name="legacyWeights">Its weights, as safetensors.</param>
    /// <param name="calibration">Calibration set with the legacy model's labels.</param>
    /// <param name="training">The legacy owner's training images.</param>
    /// <param name="groups">Legacy outputs of each task's classes.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    public static TakenApart Preserve(
        DeviceJob job,
        RunSettings settings,
        string architectureText,
        byte[] legacyWeights,
        ImageSet calibration,
        ImageSet training,
        IReadOnlyList<int[]> groups,
        Action<double> progress
    )
    {
        var architecture = ArchitectureCatalog.Parse(architectureText);
        using var generator = new Generator(
            (ulong)SeedSequence.Derive(settings.Seed, SeedPurpose.LegacyDistillation),
            CPU
        );
        using var weights = WeightCodec.Decode(legacyWeights);
        using var legacy = NetworkLoader.Load(architecture, weights, job.Device, generator);

        using var scores = Score(job, legacy, calibration, architecture.OutputCount);
        var graph = ImportanceGraph.Build(architecture, scores);
        int[] clusterOfNode = SpectralPartitioner.Partition(
            graph,
            groups.Count,
            new SpectralOptions { Seed = SeedSequence.Derive(settings.Seed, SeedPurpose.LegacyPartition) }
        );
        int[] clusterOfGroup = ClassAssignment.Assign(scores, graph, clusterOfNode, groups, groups.Count);

        var experts = new CutExpert[groups.Count];
        for (int group = 0; group < groups.Count; group++)
        {
            int done = group;
            var selection = UnitSelector.Select(
                architecture,
                scores,
                graph,
                clusterOfNode,
                clusterOfGroup[group],
                groups[group],
                Halved()
            );
            var (cut, expertWeights) = CutAndTransfer(architecture, weights, selection, groups[group], settings);
            using (expertWeights)
            {
                byte[] tuned = Distil(
                    job,
                    settings,
                    legacy,
                    cut,
                    expertWeights,
                    training,
                    groups[group],
                    generator,
                    share => progress((done + share) / groups.Count)
                );
                experts[group] = new CutExpert(clusterOfGroup[group], cut.ToString(), tuned, scores.ShareOf(selection));
            }
        }

        return new TakenApart(
            experts,
            settings.Training.StartFrom == StartingPoints.Legacy ? CutFeatures(architecture, weights, scores) : null,
            job.Elapsed
        );
    }

    /// <summary>
    /// The units most important to all classes, as many as an expert has; what a new expert can start from.
    /// </summary>
    private static (string Architecture, byte[] Weights) CutFeatures(
        NetworkArchitecture architecture,
        WeightSet legacy,
        ImportanceScores scores
    )
    {
        int[] all = [.. Enumerable.Range(0, architecture.OutputCount)];
        var selection = UnitSelector.MostImportant(
            architecture,
            scores,
            all,
            1.0 / NetworkFamily.LegacyWidthFactor,
            Halved()
        );
        var (cut, weights) = WeightTransfer.Cut(architecture, legacy, selection, all);
        using (weights)
            return (cut.ToString(), WeightCodec.Encode(weights));
    }

    private static UnitSelectionOptions Halved() =>
        new()
        {
            MinWidthFraction = 1.0 / NetworkFamily.LegacyWidthFactor,
            MaxWidthFraction = 1.0 / NetworkFamily.LegacyWidthFactor,
        };

    private static ImportanceScores Score(DeviceJob job, Network legacy, ImageSet calibration, int classCount)
    {
        using var scope = NewDisposeScope();
        using var data = ImageTensors.From(calibration);
        return ImportanceScorer.Score(
            legacy,
            ImageTensors.Normalise(data.Inputs).to(job.Device),
            data.Labels.to(job.Device),
            classCount,
            new ImportanceOptions()
        );
    }

    /// <summary>
    /// The cluster's sub-network with α of the legacy weights; upright outputs come from the legacy head, the rotated
    /// ones are new.
    /// </summary>
    private static (NetworkArchitecture Architecture, WeightSet Weights) CutAndTransfer(
        NetworkArchitecture architecture,
        WeightSet legacy,
        UnitSelection selection,
        int[] classes,
        RunSettings settings
    )
    {
        var outputs = new int?[RunRules.ExpertOutputs(settings, classes.Length)];
        for (int c = 0; c < classes.Length; c++)
            outputs[c] = classes[c]; // the first outputs are the classes as they are
        var (cut, weights) = WeightTransfer.Cut(architecture, legacy, selection, outputs);
        using (weights)
        {
            using var random = WeightTransfer.RandomWeights(cut, RandomWeightsSeed(settings));
            return (cut, WeightTransfer.Blend(cut, weights, random, settings.Legacy.Alpha, outputs));
        }
    }

    private static byte[] Distil(
        DeviceJob job,
        RunSettings settings,
        Network legacy,
        NetworkArchitecture cut,
        WeightSet weights,
        ImageSet training,
        int[] classes,
        Generator generator,
        Action<double> progress
    )
    {
        using var scope = NewDisposeScope();
        using var student = NetworkLoader.Load(cut, weights, job.Device, generator);
        var own = training.Select(training.PositionsOf(classes));
        using var images = ImageTensors.From(own);
        int batchSize = settings.Training.BatchSize;
        using var answers = SoftLabels.Of(legacy, images.Count, InputsOf, classes, batchSize);
        var objective = new SoftLabels([.. Enumerable.Range(0, classes.Length)]);
        var options = TrainingOptions.Distillation with
        {
            Epochs = settings.Legacy.DistillationEpochs,
            BatchSize = batchSize,
        };
        Trainer.Run(
            student,
            new SoftLabelledImages(images, answers),
            objective,
            options,
            generator,
            progress,
            job.CancellationToken
        );
        using var tuned = WeightSet.CopyOf(student);
        return WeightCodec.Encode(tuned);

        Tensor InputsOf(long first, long count) =>
            ImageTensors.Normalise(images.Rows(arange(first, first + count)).to(job.Device));
    }
}

/// <summary>An expert cut out of a legacy network and fine-tuned.</summary>
internal sealed record CutExpert(int Cluster, string Architecture, byte[] Weights, double ImportanceShare);

/// <summary>What a legacy network was taken apart into.</summary>
/// <param name="Experts">One expert per class group.</param>
/// <param name="Features">The legacy network cut to an expert's widths, when new experts start from it: architecture
/// and weights as safetensors.</param>
/// <param name="DeviceTime">Device time.</param>
internal sealed record TakenApart(
    CutExpert[] Experts,
    (string Architecture, byte[] Weights)? Features,
    TimeSpan DeviceTime
);

/// <summary>A trained monolithic network.</summary>
internal sealed record TrainedLegacy(string Architecture, byte[] Weights, double Accuracy, TimeSpan DeviceTime);
