using Dmkd.Contracts.Preservation;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using Dmkd.Core.Training;
using Dmkd.Data.Images;
using Dmkd.Data.Partitioning;
using static TorchSharp.torch;

namespace Dmkd.Grains.Preservation;

/// <summary>
/// The images of a preservation, and the legacy model's answers to them once they are known. From then on nothing
/// changes: lanes may read it.
/// </summary>
internal sealed class PreservationData
{
    public PreservationData(ImageDataset dataset, PreservationSettings settings)
    {
        PreservationRules.Check(settings, dataset);
        Dataset = dataset;
        Calibration = dataset.Train.Select(
            CalibrationSampler.Sample(
                dataset.Train.Labels,
                settings.CalibrationPerClass,
                PreservationRules.CalibrationSeed(settings)
            )
        );
    }

    public ImageDataset Dataset { get; }

    /// <summary>A few labelled images of every class.</summary>
    public ImageSet Calibration { get; }

    /// <summary>The legacy model's answers to the training images; null until asked.</summary>
    public TeacherAnswers? TrainingAnswers { get; set; }

    /// <summary>The legacy model's answers to the test images; null until asked.</summary>
    public TeacherAnswers? TestAnswers { get; set; }

    /// <summary>Number of training images of some classes.</summary>
    public int TrainingCount(IReadOnlyCollection<int> classes) => Dataset.Train.Labels.Count(classes.Contains);

    /// <summary>
    /// What a module of some classes learns from: copies, so made on the lane that uses them. The answers to the
    /// training images must be known.
    /// </summary>
    public DistillationData Of(IReadOnlyCollection<int> classes)
    {
        int[] own = Dataset.Train.PositionsOf(classes);
        return new DistillationData(
            Dataset.Train.Select(own),
            TrainingAnswers!.Select(own),
            Calibration.Select(Calibration.PositionsOf(classes)),
            Dataset.Test.Select(Dataset.Test.PositionsOf(classes))
        );
    }

    /// <summary>
    /// Accuracy of the legacy model among some classes, on their test images. The answers to those must be known.
    /// </summary>
    public double LegacyAccuracy(int[] classes) =>
        TestAnswers!.Accuracy(Dataset.Test.Labels, Dataset.Test.PositionsOf(classes), classes, classes);
}

/// <summary>Fine-tunes a module on the legacy model's answers (proposal 3.2.4); run on a device lane.</summary>
internal static class DistilWork
{
    /// <summary>Distils, and measures before and after.</summary>
    /// <param name="job">The lane.</param>
    /// <param name="settings">How.</param>
    /// <param name="module">The module.</param>
    /// <param name="data">Images of its classes.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    public static DistilledModule Run(
        DeviceJob job,
        PreservationSettings settings,
        Student module,
        DistillationData data,
        Action<double> progress
    )
    {
        using var student = NetworkLoader.Load(module.Architecture, module.First, job.Device);
        var normalisation = InputNormalisation.Find(settings.Normalisation);
        double before = Accuracy(job, student, normalisation, data.Test, module.Classes);
        int steps = module.Epochs > 0 ? Distil(job, settings, student, module, data, progress) : 0;
        double after = module.Epochs > 0 ? Accuracy(job, student, normalisation, data.Test, module.Classes) : before;
        var entropy = Entropy(job, student, normalisation, data.Calibration);
        using var weights = WeightSet.CopyOf(student);
        return new DistilledModule(
            WeightCodec.Encode(weights),
            before,
            after,
            entropy.Total,
            entropy.Count,
            steps,
            job.Elapsed
        );
    }

    private static int Distil(
        DeviceJob job,
        PreservationSettings settings,
        Network student,
        Student module,
        DistillationData data,
        Action<double> progress
    )
    {
        var normalisation = InputNormalisation.Find(settings.Normalisation);
        using var generator = new Generator((ulong)module.Seed, CPU);
        using var pixels = InputsOf(job, data.Training);
        using var images = new AnsweredImages(pixels, data.Answers, module.Classes, normalisation);
        var objective = new SoftLabels([.. Enumerable.Range(0, module.Classes.Length)], settings.Temperature);
        var options = TrainingOptions.Distillation with
        {
            Epochs = module.Epochs,
            BatchSize = settings.BatchSize,
            LearningRate = settings.LearningRate,
            Anneal = true,
        };
        return Trainer.Run(student, images, objective, options, generator, progress, job.CancellationToken).Steps;
    }

    private static double Accuracy(
        DeviceJob job,
        Network network,
        InputNormalisation normalisation,
        ImageSet test,
        int[] classes
    )
    {
        if (test.Count == 0)
            return 0;
        using var pixels = InputsOf(job, test);
        var answers = TeacherAnswers.Of(
            network.forward,
            pixels,
            normalisation,
            mirrored: false,
            cancellationToken: job.CancellationToken
        );
        return answers.Accuracy(
            test.Labels,
            [.. Enumerable.Range(0, test.Count)],
            [.. Enumerable.Range(0, classes.Length)],
            classes
        );
    }

    private static EntropySum Entropy(
        DeviceJob job,
        Network network,
        InputNormalisation normalisation,
        ImageSet calibration
    )
    {
        using var pixels = InputsOf(job, calibration);
        using var logits = TeacherAnswers
            .Of(network.forward, pixels, normalisation, mirrored: false, cancellationToken: job.CancellationToken)
            .ToTensor();
        using var probabilities = logits[0].softmax(1);
        return EntropyMetric.Sum(probabilities);
    }

    private static Tensor InputsOf(DeviceJob job, ImageSet images) => ImageTensors.Encode(images).to(job.Device);
}

/// <summary>A module that is distilled.</summary>
/// <param name="Architecture">Text form of its architecture.</param>
/// <param name="First">Its first weights, as safetensors.</param>
/// <param name="Classes">Legacy outputs it answers for, in the order of its own.</param>
/// <param name="Epochs">Passes over the training images; 0 leaves it as it is.</param>
/// <param name="Seed">Seed of batches and augmentation.</param>
internal sealed record Student(string Architecture, byte[] First, int[] Classes, int Epochs, int Seed);

/// <summary>A distilled module and how well it does.</summary>
internal sealed record DistilledModule(
    byte[] Weights,
    double AccuracyBefore,
    double AccuracyAfter,
    double EntropySum,
    long EntropyCount,
    int Steps,
    TimeSpan Time
);

/// <summary>
/// What a module is distilled and measured with: images of its classes, labelled by the legacy model's outputs.
/// </summary>
/// <param name="Training">Images to learn from.</param>
/// <param name="Answers">The legacy model's answers to them.</param>
/// <param name="Calibration">Images to measure entropy on.</param>
/// <param name="Test">Images to measure accuracy on.</param>
internal sealed record DistillationData(ImageSet Training, TeacherAnswers Answers, ImageSet Calibration, ImageSet Test);

/// <summary>
/// A TorchScript program can be asked but not cut: a network of a built-in architecture learns all its answers first,
/// and is scored, partitioned and cut in its place. The experts then still learn from the program itself.
/// </summary>
internal static class SurrogateWork
{
    /// <summary>Distils the surrogate from random weights; run on a device lane.</summary>
    public static DistilledModule Run(
        DeviceJob job,
        PreservationSettings settings,
        DistillationData data,
        Action<double> progress
    )
    {
        var architecture = ArchitectureCatalog.Parse(settings.Architecture);
        using var random = WeightTransfer.RandomWeights(architecture, PreservationRules.RandomWeightsSeed(settings));
        var student = new Student(
            settings.Architecture,
            WeightCodec.Encode(random),
            [.. Enumerable.Range(0, architecture.OutputCount)],
            settings.GateEpochs,
            PreservationRules.SurrogateSeed(settings)
        );
        return DistilWork.Run(job, settings, student, data, progress);
    }
}
