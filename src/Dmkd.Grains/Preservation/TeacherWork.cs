using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Data.Images;
using static TorchSharp.torch;

namespace Dmkd.Grains.Preservation;

/// <summary>Asks the legacy model; run on a device lane.</summary>
internal static class TeacherWork
{
    private const int ExaminedImages = 64;

    /// <summary>The legacy model's answers to images.</summary>
    /// <param name="job">The lane.</param>
    /// <param name="source">The legacy model.</param>
    /// <param name="question">The images.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    public static TeacherReply Answer(
        DeviceJob job,
        TeacherSource source,
        TeacherQuestion question,
        Action<double> progress
    )
    {
        using var inputs = ImageTensors.Encode(question.Images);
        if (source.IsTorchScript)
        {
            using var program = LoadProgram(source.Content);
            using var some = inputs.narrow(0, 0, Math.Min(ExaminedImages, inputs.shape[0]));
            using var examined = question.Normalisation.Apply(some);
            program.Examine(examined);
            return new TeacherReply(Ask(input => program.Logits(input.cpu())), job.Elapsed); // a program stays where it was loaded
        }

        using var network = NetworkLoader.Load(source.Architecture, source.Content, job.Device);
        return new TeacherReply(Ask(network.forward), job.Elapsed);

        TeacherAnswers Ask(Func<Tensor, Tensor> teacher) =>
            TeacherAnswers.Of(
                teacher,
                inputs.to(job.Device),
                question.Normalisation,
                question.Mirrored,
                progress: progress,
                cancellationToken: job.CancellationToken
            );
    }

    private static TorchScriptTeacher LoadProgram(byte[] content)
    {
        // libtorch reads programs from files
        string path = Path.Combine(Path.GetTempPath(), $"dmkd-teacher-{Guid.NewGuid():N}.pt");
        try
        {
            File.WriteAllBytes(path, content);
            return TorchScriptTeacher.Load(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}

/// <summary>The legacy model as a teacher.</summary>
/// <param name="Architecture">Text form of its architecture; not used for a TorchScript program.</param>
/// <param name="Content">Weights as safetensors, or the TorchScript program.</param>
/// <param name="IsTorchScript">Which of the two.</param>
internal sealed record TeacherSource(string Architecture, byte[] Content, bool IsTorchScript);

/// <summary>What a teacher is asked.</summary>
/// <param name="Images">At least one image.</param>
/// <param name="Normalisation">What the model was trained with.</param>
/// <param name="Mirrored">Whether it is asked about the mirror images too.</param>
internal sealed record TeacherQuestion(ImageSet Images, InputNormalisation Normalisation, bool Mirrored);

/// <summary>What a teacher says, and the device time that this took.</summary>
internal sealed record TeacherReply(TeacherAnswers Answers, TimeSpan Time);
