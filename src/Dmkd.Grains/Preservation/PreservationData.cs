using Dmkd.Contracts.Preservation;
using Dmkd.Core.Modalities.Images;
using Dmkd.Data.Images;
using Dmkd.Data.Partitioning;

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
