#include "engine/engine.h"
#include "model/model.h"
#include "base/random.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/status.h"
static double now(void){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec+t.tv_nsec*1e-9;}
int main(int c,char**v){ struct model m; const char*dev=c>1?v[1]:"cpu"; int T=c>2?atoi(v[2]):2,N=32; const char*ch=c>3?v[3]:"16,32,64";int size=c>4?atoi(v[4]):128;
 if(model_build(&m,size,ch)<0){puts(fail_message());return 1;}
 struct engine*e; if(engine_open(&e,&m,&(struct engine_settings){dev,"fp32",T})<0){puts(fail_message());return 1;}
 float*p=malloc(4*m.parameter_count);model_initialise(&m,1,p);engine_set(e,ENGINE_PARAMETERS,p);
 uint8_t*f=malloc((size_t)N*3*size*size),l[64];float lg[64];for(long i=0;i<(long)N*3*size*size;i++)f[i]=random_at(1,i)>>56;for(int i=0;i<N;i++)l[i]=i&1;
 for(int r=0;r<4;r++){double t=now();int it=8;for(int i=0;i<it;i++){if(engine_backward(e,N,f,l,1.f/N,lg)<0){puts(fail_message());return 1;}engine_step(e,1e-3f);}
 double a=now()-t;t=now();for(int i=0;i<it;i++)engine_forward(e,N,f,lg);printf("train %.0f infer %.0f logit %g\n",N*it/a,N*it/(now()-t),lg[0]);}
 engine_close(&e);free(p);free(f);}
