using Dmkd.Core.Modalities.Images;
using Dmkd.Data;

namespace Dmkd.Grains.Preservation;

/// <summary>What a module is distilled and measured with: images of its classes, labelled by the legacy model's outputs.</summary>
/// <param name="Training">Images to learn from.</param>
/// <param name="Answers">The legacy model's answers to them.</param>
/// <param name="Calibration">Images to measure entropy on.</param>
/// <param name="Test">Images to measure accuracy on.</param>
internal sealed record DistillationData(ImageSet Training, TeacherAnswers Answers, ImageSet Calibration, ImageSet Test);
