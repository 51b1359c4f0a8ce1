using Dmkd.Contracts.Preservation;
using Dmkd.Data.Images;
using Dmkd.Grains.Preservation;
using Dmkd.Hosting.Placement;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>The long work of a preservation, on data and tensors. Equal input gives equal bytes.</summary>
internal interface IPreservationWork
{
    /// <summary>Jobs that can be under way at the same time.</summary>
    int TrainingLanes { get; }

    /// <summary>Evaluations that can be under way at the same time.</summary>
    int ServingLanes { get; }

    /// <summary>Asks the legacy model about images.</summary>
    Task<TeacherReply> AnswerAsync(
        TeacherSource source,
        TeacherQuestion question,
        Action<double> progress,
        CancellationToken cancellationToken
    );

    /// <summary>Distils a network that can be cut from all answers of a program.</summary>
    /// <param name="settings">How.</param>
    /// <param name="data">Images; the answers to the training images must be known.</param>
    /// <param name="progress">Receives the share done, in (0, 1]; on any thread.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task<DistilledModule> DistilSurrogateAsync(
        PreservationSettings settings,
        PreservationData data,
        Action<double> progress,
        CancellationToken cancellationToken
    );

    /// <summary>Cuts experts and gate out of the legacy model or its surrogate.</summary>
    Task<CutLegacy> CutAsync(
        PreservationSettings settings,
        byte[] legacyWeights,
        ImageSet calibration,
        Action<double> progress,
        CancellationToken cancellationToken
    );

    /// <summary>Distils one module.</summary>
    /// <param name="settings">How.</param>
    /// <param name="student">What learns, and how long.</param>
    /// <param name="data">Images; the answers to the training images must be known.</param>
    /// <param name="progress">Receives the share done, in (0, 1]; on any thread.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task<DistilledModule> DistilAsync(
        PreservationSettings settings,
        Student student,
        PreservationData data,
        Action<double> progress,
        CancellationToken cancellationToken
    );
}

/// <summary>A preservation's work on the silo's lanes. Grain state stays outside: values in, values out.</summary>
internal sealed class PreservationWork(SiloDevices devices) : IPreservationWork
{
    public int TrainingLanes => devices.Training.LaneCount;

    public int ServingLanes => devices.Serving.LaneCount;

    public Task<TeacherReply> AnswerAsync(
        TeacherSource source,
        TeacherQuestion question,
        Action<double> progress,
        CancellationToken cancellationToken
    ) => devices.Training.RunAsync(job => TeacherWork.Answer(job, source, question, progress), cancellationToken);

    public Task<DistilledModule> DistilSurrogateAsync(
        PreservationSettings settings,
        PreservationData data,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        int[] all = [.. Enumerable.Range(0, data.Dataset.ClassNames.Count)];
        return devices.Training.RunAsync(
            job => SurrogateWork.Run(job, settings, data.Of(all), progress),
            cancellationToken
        );
    }

    public Task<CutLegacy> CutAsync(
        PreservationSettings settings,
        byte[] legacyWeights,
        ImageSet calibration,
        Action<double> progress,
        CancellationToken cancellationToken
    ) =>
        devices.Training.RunAsync(
            job => CutWork.Run(job, settings, legacyWeights, calibration, progress),
            cancellationToken
        );

    public Task<DistilledModule> DistilAsync(
        PreservationSettings settings,
        Student student,
        PreservationData data,
        Action<double> progress,
        CancellationToken cancellationToken
    ) =>
        devices.Training.RunAsync(
            job => DistilWork.Run(job, settings, student, data.Of(student.Classes), progress),
            cancellationToken
        );
}
